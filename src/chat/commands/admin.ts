// /stats, /failed, /retryfailed, /refund: for admins by their role in the database, which the flows check each time.
// Retrying jobs never changes the state of money; giving a payment back does, and takes two of them.
import { isId } from '../../base/ids.ts';
import { failed as failedJobs, stats as readStats, retryFailed } from '../../flows/admin.ts';
import { ask as askRefund } from '../../flows/refund-ask.ts';
import { say } from '../context.ts';
import { dayTime, sats, type View } from '../format.ts';
import { code, type Rich, rich, words } from '../rich.ts';
import type { Command } from './command.ts';

const COMMON = { aliases: {}, inMenu: false, role: 'admin', private: true } as const;

export const stats: Command = {
  ...COMMON,
  name: 'stats',
  async run(context) {
    const { world, session, texts } = context;
    const found = await readStats(world, session.userId);
    const { admin, age } = texts;
    const instances = found.instances.map(({ id, kind, ageMs }) => `\n  ${kind} ${id} (${age(ageMs)})`).join('');
    const queues = found.queues
      .map(({ name, waiting, active, delayed, failed }) => `\n  ${name}: ${waiting}, ${active}, ${delayed}, ${failed}`)
      .join('');
    const text = rich`${admin.stats}

${admin.instances}:${instances || ` ${admin.nothing}`}
${admin.queues}:${queues || ` ${admin.nothing}`}
${admin.users}: ${String(found.users)}
${admin.volume}: ${sats(found.volume24hMsat, 'down')}
${admin.payments(String(found.payments.held), String(found.payments.sending))}
${admin.rate(found.rateAgeMs === undefined ? undefined : age(found.rateAgeMs))}
${admin.books(found.booksOk)}`;
    return say(context, { text });
  },
};

export const failed: Command = {
  ...COMMON,
  name: 'failed',
  read: (_context, args): { queue?: string } => (args ? { queue: args.trim() } : {}),
  async run(context, { queue }) {
    const { world, session, texts } = context;
    const jobs = await failedJobs(world, session.userId, queue);
    if (jobs.length === 0) return say(context, { text: texts.admin.noFailed() });
    const view: View = { ...session, rate: undefined };
    const lines = jobs.flatMap(
      (job): Rich =>
        rich`\n${job.queue} · ${dayTime(view, job.atMs)} · ${texts.admin.attempts(job.attempts)} · ${code(
          job.traceId.slice(0, 8),
        )}\n  ${words(job.reason)}`,
    );
    return say(context, { text: rich`${texts.admin.failed}\n${lines}` });
  },
};

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
  async run(context, { payment }) {
    const { world, session, texts } = context;
    if (payment === undefined) return say(context, { text: texts.admin.refundUsage() });
    await askRefund(world, { userId: session.userId, paymentId: payment });
    return say(context, { text: texts.admin.refundAsked() });
  },
};
