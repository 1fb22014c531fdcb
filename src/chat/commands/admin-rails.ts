// /pause and /resume: one rail or all, for everybody at once. Without a rail they tell how all stand. /sending is another
// switch, which the watch over the promises may turn off by itself; either keeps sending from beginning.
import { RAIL_WISHES, type RailStand, rails as readRails, turnRail } from '../../flows/rails.ts';
import { type Context, type Given, type Outcome, say } from '../context.ts';
import { dayTime, type View } from '../format.ts';
import { type Rich, rich } from '../rich.ts';
import type { Command } from './command.ts';
import { withPin } from './pin.ts';

const COMMON = { aliases: {}, inMenu: false, role: 'admin', private: true } as const;

const railSaid = (_context: Context, args: string): Given => (args ? { rail: args.trim().toLowerCase() } : {});

export const pause: Command = {
  ...COMMON,
  name: 'pause',
  read: railSaid,
  run: (context, given) => turn(context, given, false),
};

export const resume: Command = {
  ...COMMON,
  name: 'resume',
  read: railSaid,
  run: (context, given) => turn(context, given, true),
};

async function turn(context: Context, given: Given, isOn: boolean): Promise<Outcome> {
  const { world, session, texts } = context;
  const rail = RAIL_WISHES.find((each) => each === given.rail);
  if (rail === undefined) {
    const all = await readRails(world, session.userId);
    return say(context, { text: rich`${standText(context, all)}\n\n${texts.admin.railUsage(RAIL_WISHES.join(', '))}` });
  }
  return withPin(context, isOn ? 'resume' : 'pause', given, async () => {
    const { turned, rails } = await turnRail(world, session.userId, { rail, isOn });
    const head = turned.length === 0 ? texts.admin.railAsBefore() : texts.admin.railTurned(isOn);
    return say(context, { text: rich`${head}\n${standText(context, rails)}` });
  });
}

function standText({ session, texts }: Context, rails: readonly RailStand[]): Rich {
  const view: View = { ...session, rate: undefined };
  return rails.flatMap(
    ({ name, isOn, atMs }): Rich =>
      rich`\n${isOn ? '✅' : '⛔'} ${name}: ${texts.admin.rails[name]} · ${texts.admin.railSince(isOn, dayTime(view, atMs))}`,
  );
}
