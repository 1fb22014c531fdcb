// /sending and /why: for admins by their role in the database, which the flows check each time. The one stops and starts
// all sending, audited; the other tells the life of one thing, and changes nothing.
import { sending as readSending, turnSending } from '../../flows/sending.ts';
import { lifeText, why as whyOf } from '../../flows/why.ts';
import { say } from '../context.ts';
import { dayTime, type View } from '../format.ts';
import { code, rich } from '../rich.ts';
import type { Command } from './command.ts';

/** As much of a life as one message holds. */
const LONGEST_LIFE = 3_500;

const COMMON = { aliases: {}, inMenu: false, role: 'admin', private: true } as const;

export const sending: Command = {
  ...COMMON,
  name: 'sending',
  read(_context, args): { turn?: string } {
    const said = args.trim().toLowerCase();
    return said === 'on' || said === 'off' ? { turn: said } : {};
  },
  async run(context, { turn }) {
    const { world, session, texts } = context;
    const found = await (turn ? turnSending(world, session.userId, turn === 'on') : readSending(world, session.userId));
    const view: View = { ...session, rate: undefined };
    const head = texts.admin.sending(found.isOn, dayTime(view, found.atMs));
    const known = found.known.length > 0 ? rich`\n${texts.admin.broken(found.known.join(', '))}` : [];
    return say(context, { text: rich`${head}\n${code(found.why)}${known}` });
  },
};

export const why: Command = {
  ...COMMON,
  name: 'why',
  read: (_context, args): { id?: string } => (args.trim() ? { id: args.trim() } : {}),
  async run(context, { id }) {
    const { world, session, texts } = context;
    const lives = await whyOf(world, session.userId, id ?? '');
    if (lives.length === 0) return say(context, { text: texts.admin.unknownId() });
    return say(context, ...lives.map((life) => ({ text: rich`${code(lifeText(life).slice(0, LONGEST_LIFE))}` })));
  },
};
