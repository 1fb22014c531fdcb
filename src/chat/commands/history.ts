// /history: ten lines a page, newest first, each opening its details; from there a waiting send can be taken back.
import { detail, type HistoryDetail, type HistoryLine, page, shortId } from '../../flows/history.ts';
import { payeeOf } from '../cards.ts';
import { type Context, type Given, inPlace, type Outcome, say, viewOf } from '../context.ts';
import { dayTime, money, sats, type View } from '../format.ts';
import type { Button } from '../message.ts';
import { bold, code, type Rich, rich } from '../rich.ts';
import { nameOf, noteOf } from '../said.ts';
import { textsIn } from '../texts/index.ts';
import type { Command } from './command.ts';

const BUTTONS_A_ROW = 5;

export const history: Command = {
  name: 'history',
  aliases: { en: ['transactions'], sw: ['historia'] },
  inMenu: true,
  private: true,
  work: 'looking',
  run: (context, _given: Given) => showPage(context),
  press(context, argument) {
    const [what, id = ''] = argument.split(':');
    if (what === 'open') return open(context, id);
    return showPage(context, what === 'before' && id ? id : undefined);
  },
};

async function showPage(context: Context, before?: string): Promise<Outcome> {
  const { world, session, texts } = context;
  const { userId, walletId } = session;
  const [{ lines, next }, view] = await Promise.all([
    page(world, { userId, walletId, ...(before ? { before } : {}) }),
    viewOf(context),
  ]);
  if (lines.length === 0) {
    if (!before) return say(context, inPlace(context, { text: texts.history.empty() }));
    const buttons = [[{ label: texts.buttons.newest, data: 'history:newest' }]];
    return say(context, inPlace(context, { text: texts.history.noMore(), buttons }));
  }
  const text = rich`${texts.history.title()}\n${lines.flatMap((line, at) => lineText(line, at + 1, view))}`;
  const numbers = lines.map((line, at) => ({ label: String(at + 1), data: `history:open:${line.id}` }));
  const arrows: Button[] = [
    ...(before ? [{ label: texts.buttons.newest, data: 'history:newest' }] : []),
    ...(next ? [{ label: texts.buttons.older, data: `history:before:${next}` }] : []),
  ];
  const rows: Button[][] = [];
  for (let at = 0; at < numbers.length; at += BUTTONS_A_ROW) rows.push(numbers.slice(at, at + BUTTONS_A_ROW));
  return say(context, inPlace(context, { text, buttons: arrows.length ? [...rows, arrows] : rows }));
}

/** "1. −500 sats · Sent · @baraka · 21 Nov, 14:02". */
function lineText(line: HistoryLine, number: number, view: View): Rich {
  const { history: texts } = textsIn(view.language);
  const name = line.name ? rich` · ${nameOf(line.name)}` : [];
  const pending = line.pending ? ` · ⏳ ${texts.pending}` : '';
  return rich`\n${String(number)}. ${signed(line.amountMsat)} · ${texts.kinds[line.kind]}${name} · ${dayTime(
    view,
    line.atMs,
  )}${pending}`;
}

function signed(amountMsat: bigint): Rich {
  // What came in is rounded down, what went out is rounded up.
  return amountMsat < 0n ? rich`−${bold(sats(-amountMsat, 'up'))}` : rich`+${bold(sats(amountMsat, 'down'))}`;
}

async function open(context: Context, id: string): Promise<Outcome> {
  const { world, session, texts } = context;
  const [found, view] = await Promise.all([detail(world, { userId: session.userId, id }), viewOf(context)]);
  const back = { label: texts.buttons.back, data: 'history:newest' };
  const buttons: Button[] = found.retractable
    ? [{ label: texts.buttons.retract, data: `send:retract:${found.id}` }, back]
    : [back];
  return say(context, inPlace(context, { text: detailText(found, view), buttons: [buttons] }));
}

function detailText(found: HistoryDetail, view: View): Rich {
  const { history: texts } = textsIn(view.language);
  const { detail: labels } = texts;
  const lines: [string, Rich | undefined][] = [
    [labels.when, rich`${dayTime(view, found.atMs)}`],
    [labels.amount, rich`${signed(found.amountMsat)}${localOf(found, view)}`],
    [labels.fee, found.feeMsat > 0n ? rich`${sats(found.feeMsat, 'up')}` : undefined],
    [labels.who, found.name ? rich`${nameOf(found.name)}` : undefined],
    [labels.note, found.memo ? rich`${noteOf(found.memo) ?? []}` : undefined],
    [labels.state, rich`${stateText(found.state, view)}`],
    [labels.until, found.pending && found.expiresAtMs !== null ? rich`${dayTime(view, found.expiresAtMs)}` : undefined],
    [labels.payee, found.destination ? payeeOf(found.destination) : undefined],
    [labels.proof, found.preimage ? rich`${code(found.preimage)}` : undefined],
    [labels.number, rich`${code(shortId(found.id))}`],
  ];
  const shown = lines.flatMap(([label, value]) => (value ? rich`\n${label}: ${value}` : []));
  // A payment that failed was not paid: what there is to say of it is that all of it came back.
  const kind = found.state === 'failed' ? 'returned' : found.kind;
  return rich`${bold(texts.kinds[kind])}${shown}`;
}

function localOf({ amountMsat }: HistoryLine, view: View): Rich {
  const [, ...value] = money(view, amountMsat < 0n ? -amountMsat : amountMsat, amountMsat < 0n ? 'up' : 'down');
  return value;
}

function stateText(state: string, view: View): string {
  const states: Readonly<Record<string, string>> = textsIn(view.language).history.states;
  return states[state] ?? state;
}
