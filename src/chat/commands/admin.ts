// /queues, /failed, /retryfailed, /refund: for admins by their role in the database, which the flows check each time.
// Retrying jobs never changes the state of money; giving a payment back does, and takes two of them.
import { isId } from '../../base/ids.ts';
import {
  failed as failedJobs,
  mustBeAdmin,
  type QueueState,
  queues as readQueues,
  retryFailed,
} from '../../flows/admin.ts';
import { ask as askRefund } from '../../flows/refund-ask.ts';
import { type Context, inPlace, type Outcome, say } from '../context.ts';
import { dayTime, type View } from '../format.ts';
import type { Button } from '../message.ts';
import { code, type Rich, rich, words } from '../rich.ts';
import type { Command } from './command.ts';
import { withPin } from './pin.ts';

const COMMON = { aliases: {}, inMenu: false, role: 'admin', private: true } as const;
/** Stands for no queue in a button, which has no empty words. */
const ALL = '-';

/** "payment: 3 · 1 · 0 · 0 · 12": what it holds by state, and how many it did in a minute. */
export function queueLine({ name, waiting, active, delayed, failed, perMinute }: QueueState): string {
  return `${name}: ${[waiting, active, delayed, failed, perMinute].join(' · ')}`;
}

export const queues: Command = {
  ...COMMON,
  name: 'queues',
  run: (context) => showQueues(context),
  press: (context) => showQueues(context),
};

async function showQueues(context: Context): Promise<Outcome> {
  const { world, session, texts } = context;
  const lines = (await readQueues(world, session.userId)).map((queue) => `\n${queueLine(queue)}`);
  const text = rich`${texts.admin.queues}\n${lines.join('')}`;
  const buttons = [
    [
      { label: texts.admin.buttons.refresh, data: 'queues:refresh' },
      { label: texts.admin.buttons.failed, data: `failed:${ALL}:0` },
    ],
  ];
  return say(context, inPlace(context, { text, buttons }));
}

export const failed: Command = {
  ...COMMON,
  name: 'failed',
  read: (_context, args): { queue?: string } => (args ? { queue: args.trim() } : {}),
  run: (context, { queue }) => showFailed(context, queue, 0),
  press(context, argument) {
    const [queue, page] = argument.split(':');
    return showFailed(context, queue === ALL ? undefined : queue, Number(page) || 0);
  },
};

async function showFailed(context: Context, queue: string | undefined, page: number): Promise<Outcome> {
  const { world, session, texts } = context;
  const { jobs, more } = await failedJobs(world, session.userId, { page, ...(queue ? { queue } : {}) });
  const { newer, older } = texts.admin.buttons;
  const to = (at: number) => `failed:${queue ?? ALL}:${at}`;
  const arrows: Button[] = [
    ...(page > 0 ? [{ label: newer, data: to(page - 1) }] : []),
    ...(more ? [{ label: older, data: to(page + 1) }] : []),
  ];
  const buttons = arrows.length > 0 ? { buttons: [arrows] } : {};
  if (jobs.length === 0) return say(context, inPlace(context, { text: texts.admin.noFailed(), ...buttons }));
  const view: View = { ...session, rate: undefined };
  const lines = jobs.flatMap(
    (job): Rich =>
      rich`\n${job.queue} · ${dayTime(view, job.atMs)} · ${texts.admin.attempts(job.attempts)} · ${code(
        job.traceId.slice(0, 8),
      )}\n  ${words(job.reason)}\n  ${code(job.id)}`,
  );
  return say(context, inPlace(context, { text: rich`${texts.admin.failed}\n${lines}`, ...buttons }));
}

export const retryfailed: Command = {
  ...COMMON,
  name: 'retryfailed',
  read(_context, args) {
    const [first, second] = args.split(/\s+/).filter(Boolean);
    const count = [first, second].find((word) => word !== undefined && /^\d{1,4}$/.test(word));
    const queue = first !== count ? first : undefined;
    return { ...(queue ? { queue } : {}), ...(count ? { count } : {}) };
  },
  async run(context, { queue, count }) {
    const { world, session, texts } = context;
    const { retried, unknown } = await retryFailed(world, session.userId, {
      ...(queue ? { queue } : {}),
      ...(count ? { count: Number(count) } : {}),
    });
    const lines = retried.map((each) => `${each.queue}: ${each.retried}`).join('\n');
    return say(context, { text: texts.admin.retried(lines || texts.admin.nothing, unknown) });
  },
};

export const refund: Command = {
  ...COMMON,
  name: 'refund',
  read(_context, args): { payment?: string } {
    const payment = args.trim().toLowerCase();
    return isId(payment) ? { payment } : {};
  },
  async run(context, given): Promise<Outcome> {
    const { world, session, texts } = context;
    await mustBeAdmin(world, session.userId, 'refund');
    const { payment } = given;
    if (payment === undefined) return say(context, { text: texts.admin.refundUsage() });
    return withPin(context, 'refund', given, async () => {
      await askRefund(world, { userId: session.userId, paymentId: payment });
      return say(context, { text: texts.admin.refundAsked() });
    });
  },
};
