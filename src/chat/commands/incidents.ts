// /incidents: what goes on and what is over, ten a page, and the button by which an admin takes an alert on. For admins by
// their role in the database, which the flows check each time.
import { isId } from '../../base/ids.ts';
import type { Incident } from '../../domain/incidents.ts';
import { acknowledge, inWords, incidents as listOf } from '../../flows/incidents.ts';
import { alertText } from '../alerts.ts';
import { type Context, inPlace, type Outcome, say } from '../context.ts';
import { dayTime, type View } from '../format.ts';
import type { Button } from '../message.ts';
import { type Rich, rich, words } from '../rich.ts';
import { nameOf } from '../said.ts';
import { textsIn } from '../texts/index.ts';
import type { Command } from './command.ts';

export const incidents: Command = {
  name: 'incidents',
  aliases: {},
  inMenu: false,
  role: 'admin',
  private: true,
  run: (context) => show(context),
  async press(context, argument) {
    const [what, id = ''] = argument.split(':');
    if (what === 'ack') return takeOn(context, id);
    if (what === 'list' && isId(id)) {
      await acknowledge(context.world, context.session.userId, id);
      return show(context);
    }
    return show(context, what === 'before' && isId(id) ? id : undefined);
  },
};

/** On the card that told of it, which stays to be read. */
async function takeOn(context: Context, toldId: string): Promise<Outcome> {
  const { world, session, texts } = context;
  // What is no id of ours was made up, and nothing is to be found under it.
  const asked = isId(toldId) ? toldId : world.ids.next();
  const { together, by } = await acknowledge(world, session.userId, asked);
  const view: View = { ...session, rate: undefined };
  const { overBefore, ackedBy, ackedByYou } = texts.incidents;
  const at = by ? dayTime(view, by.atMs) : '';
  const state = !by
    ? overBefore()
    : by.userId === session.userId
      ? ackedByYou(at)
      : ackedBy(rich`${nameOf(by.name)}`, at);
  return say(context, inPlace(context, { text: alertText(inWords(together), view, state) }));
}

async function show(context: Context, before?: string): Promise<Outcome> {
  const { world, session, texts } = context;
  const { open, past, next } = await listOf(world, session.userId, before);
  const view: View = { ...session, rate: undefined };
  const isFirst = before === undefined;
  const ongoing = isFirst
    ? rich`${texts.incidents.open}${open.length > 0 ? linesOf(open, view) : rich`\n${texts.incidents.none}`}`
    : [];
  const over: Rich = past.length > 0 ? rich`${texts.incidents.past}${linesOf(past, view)}` : [];
  const between: Rich = ongoing.length > 0 && over.length > 0 ? rich`\n\n` : [];
  const arrows: Button[] = [
    ...(isFirst ? [] : [{ label: texts.buttons.newest, data: 'incidents:newest' }]),
    ...(next ? [{ label: texts.buttons.older, data: `incidents:before:${next}` }] : []),
  ];
  const rows = [ackButtons(open, context), arrows].filter((row) => row.length > 0);
  return say(context, inPlace(context, { text: rich`${ongoing}${between}${over}`, buttons: rows }));
}

/** "1. 🔴 NodeDown: node alice is away · 21 Nov, 14:02". */
function linesOf(list: readonly Incident[], view: View): Rich {
  const { states } = textsIn(view.language).incidents;
  return list.flatMap((each, at): Rich => {
    const state = each.closedAtMs !== null ? 'over' : each.ackedAtMs !== null ? 'acked' : 'open';
    const what = each.summary ? `: ${words(each.summary)}` : '';
    return rich`\n${String(at + 1)}. ${states[state]} ${each.name}${what} · ${dayTime(view, each.startedAtMs)}`;
  });
}

/** One for each piece of news that nobody has taken on, under the number of its first line. */
function ackButtons(open: readonly Incident[], { texts }: Context): Button[] {
  const told = new Map<string, number>();
  open.forEach(({ toldId, ackedAtMs }, at) => {
    if (ackedAtMs === null && !told.has(toldId)) told.set(toldId, at + 1);
  });
  return [...told].slice(0, 5).map(([toldId, number]) => ({
    label: texts.incidents.ackNumber(String(number)),
    data: `incidents:list:${toldId}`,
  }));
}
