// /broadcast: news of the house to all, or to all who read one language. It is shown as it will be read, with how many it is
// for, and goes out when the button below it is pressed; then the card tells how far it has got, and can stop it.
import { mustBeAdmin } from '../../flows/admin.ts';
import {
  type Broadcast,
  broadcastNow,
  broadcasts,
  draftBroadcast,
  LONGEST_BROADCAST,
  startBroadcast,
  stopBroadcast,
} from '../../flows/broadcast.ts';
import { type Context, type Given, inPlace, type Outcome, say } from '../context.ts';
import { dayTime, type View } from '../format.ts';
import type { Button, Reply } from '../message.ts';
import { type Rich, rich } from '../rich.ts';
import { LANGUAGE_CODES, textsIn } from '../texts/index.ts';
import type { Command } from './command.ts';
import { withPin } from './pin.ts';

const TO_ALL = 'all';
// What could break a line where the admin did not, or turn the direction of reading.
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

export const broadcast: Command = {
  name: 'broadcast',
  aliases: {},
  inMenu: false,
  role: 'admin',
  private: true,
  read: (_context, args): Given => {
    const [first = ''] = args.split(/\s+/, 1);
    const to = first.toLowerCase();
    const isTo = to === TO_ALL || LANGUAGE_CODES.some((language) => language === to);
    const text = cleaned(isTo ? args.slice(first.length) : args);
    return { ...(isTo ? { to } : {}), ...(text ? { text } : {}) };
  },
  async run(context, given): Promise<Outcome> {
    const { world, session, texts } = context;
    const { to, text, go: confirmed } = given;
    if (confirmed !== undefined) return go(context, given, confirmed);
    if (text === undefined && to === undefined) return showNewest(context);
    await mustBeAdmin(world, session.userId, 'broadcast');
    // Who writes one language's words must say to whom, so that nobody reads news in another.
    if (text === undefined || to === undefined || [...text].length > LONGEST_BROADCAST) {
      return say(context, { text: texts.admin.broadcastUsage(String(LONGEST_BROADCAST)) });
    }
    const language = to === TO_ALL ? {} : { language: to };
    const { id, total } = await draftBroadcast(world, session.userId, { text, ...language });
    const preview = textsIn(language.language ?? session.language).notices.broadcast(text);
    const buttons = [
      [
        { label: texts.admin.buttons.sendToAll(total), data: `broadcast:go:${id}` },
        { label: texts.buttons.cancel, data: `broadcast:stop:${id}` },
      ],
    ];
    return say(context, { text: preview }, { text: texts.admin.broadcastPreview(total), buttons });
  },
  async press(context, argument) {
    const { world, session } = context;
    const [what, id = ''] = argument.split(':');
    if (what === 'go') return go(context, { go: id }, id);
    if (what === 'stop') return showOne(context, await stopBroadcast(world, session.userId, id));
    return showOne(context, await broadcastNow(world, session.userId, id));
  },
};

function go(context: Context, given: Given, id: string): Promise<Outcome> {
  const { world, session } = context;
  return withPin(context, 'broadcast', given, async () =>
    showOne(context, await startBroadcast(world, session.userId, id)),
  );
}

function cleaned(text: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.replace(UNSAFE, ' ').trim());
  return lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function showOne(context: Context, found: Broadcast): Outcome {
  return say(context, inPlace(context, progress(context, found)));
}

async function showNewest(context: Context): Promise<Outcome> {
  const { world, session, texts } = context;
  const found = await broadcasts(world, session.userId);
  const usage = { text: texts.admin.broadcastUsage(String(LONGEST_BROADCAST)) };
  return say(context, ...found.map((each) => progress(context, each)), usage);
}

/** How far it has got; while it goes on, with buttons to look again and to stop it. */
function progress({ session, texts }: Context, found: Broadcast): Reply {
  const { state, told, total, id, startedAtMs, createdAtMs } = found;
  const view: View = { ...session, rate: undefined };
  const { admin } = texts;
  const begin = found.text.split('\n', 1)[0] ?? '';
  const short = [...begin].length > 60 ? `${[...begin].slice(0, 60).join('')}…` : begin;
  const when = dayTime(view, startedAtMs ?? createdAtMs);
  const text: Rich = rich`📣 ${short}\n${admin.broadcastStates[state]} · ${when}\n${admin.broadcastTold(told, total)}`;
  const buttons: Button[] = [
    { label: admin.buttons.refresh, data: `broadcast:look:${id}` },
    { label: admin.buttons.stop, data: `broadcast:stop:${id}` },
  ];
  return state === 'running' ? { text, buttons: [buttons] } : { text };
}
