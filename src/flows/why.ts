// Why something is as it is: the life of one payment, invoice, send or request in order, from what moved its state over
// what money moved to what people were told. For those who run the house; no secret and no text of a person is in it.
import { isId, legId } from '../base/ids.ts';
import { isTrace } from '../base/trace.ts';
import {
  type EventRow,
  eventsOf,
  jobsOf,
  type LivingRow,
  livingRow,
  noticesAbout,
  rowsEnding,
  type TransferLine,
  transfersOf,
} from '../infra/db/events.ts';
import type { World } from '../world.ts';
import { mayLook } from './admin.ts';

export type LifeLine = { readonly atMs: number; readonly what: string };

export type Life = Pick<LivingRow, 'id' | 'kind' | 'state' | 'amountMsat' | 'node' | 'trace'> & {
  readonly lines: readonly LifeLine[];
};

/** How far back an id's end is looked for, nearest first: what people ask about is mostly of today. */
const LOOK_BACK_MS = [24, 30 * 24, 10 * 365 * 24].map((hours) => hours * 60 * 60_000);
/** A trace as a collector of spans shows it: the same digits in one. */
const AS_TRACED = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/;
/** Every leg that any of them may have in the ledger. */
const LEGS = ['post', 'out', 'void', 'back', 'late', 'credit'];

/**
 * The lives that an id, or its last eight characters as people are shown them, may mean: usually one, none when nothing
 * is known. The trace of a message, or its end as it stands in an apology, means what that message made.
 * @throws Refusal not_allowed.
 */
export async function why(world: World, userId: string, said: string): Promise<Life[]> {
  await mayLook(world, userId, 'why', { said: said.slice(0, 40) });
  return livesOf(world, said);
}

/** The same for a tool at the house's own machine. */
export async function livesOf(world: Pick<World, 'db' | 'clock'>, said: string): Promise<Life[]> {
  const rows = await find(world, said.trim().toLowerCase().replace(AS_TRACED, '$1-$2-$3-$4-$5'));
  return Promise.all(rows.map((row) => lifeOf(world, row)));
}

async function find({ db, clock }: Pick<World, 'db' | 'clock'>, said: string): Promise<LivingRow[]> {
  if (isId(said)) {
    const row = await livingRow(db, said);
    if (row) return [row];
  }
  if (!/^[0-9a-f]{8}$/.test(said) && !isTrace(said)) return [];
  for (const backMs of LOOK_BACK_MS) {
    const rows = await rowsEnding(db, said, Math.max(clock.nowMs() - backMs, 0));
    if (rows.length > 0) return rows;
  }
  return [];
}

async function lifeOf({ db }: Pick<World, 'db'>, row: LivingRow): Promise<Life> {
  const { id, kind, state, amountMsat, node, trace, userIds, paymentId } = row;
  const legs = [id, ...LEGS.map((leg) => legId(id, leg)), ...(paymentId ? [legId(paymentId, 'out')] : [])];
  const [events, transfers, notices] = await Promise.all([
    eventsOf(db, id),
    transfersOf(db, legs),
    noticesAbout(db, { subjectId: id, userIds }),
  ]);
  const jobs = await jobsOf(db, [id, ...notices.map((notice) => notice.id)]);
  const event = (each: EventRow): LifeLine => ({
    atMs: each.atMs,
    what: `${each.seq}. ${each.fromState ?? 'new'} → ${each.toState}: ${each.cause}, by ${each.actor}`,
  });
  const transfer = (each: TransferLine, atMs = each.atMs): LifeLine => ({
    atMs,
    what: `${each.kind} ${each.code}: ${each.amount} ${unitOf(each.currency)}, ${each.debit} → ${each.credit}`,
  });
  // What bears the row's own id moved in the transaction that made the row; its time is of another machine's clock.
  const [first, ...others] = events;
  const lines: LifeLine[] = [
    ...(first ? [event(first)] : []),
    ...transfers.filter((each) => each.id === id).map((each) => transfer(each, first?.atMs)),
    ...others.map(event),
    ...transfers.filter((each) => each.id !== id).map((each) => transfer(each)),
    ...notices.flatMap((notice) => [
      { atMs: notice.createdAtMs, what: `notice ${notice.kind} made` },
      ...(notice.sentAtMs === null ? [] : [{ atMs: notice.sentAtMs, what: `notice ${notice.kind} ${notice.state}` }]),
    ]),
    ...jobs.map((job) => ({ atMs: job.dueAtMs, what: `job ${job.queue} not done yet` })),
  ];
  // In the order above where the times are equal.
  return { id, kind, state, amountMsat, node, trace, lines: lines.sort((a, b) => a.atMs - b.atMs) };
}

function unitOf(currency: string): string {
  return currency === 'BTC' ? 'msat' : currency;
}

/** A life as plain lines, its times in UTC. The trace is what to look for in the logs of nginx, bots and workers. */
export function lifeText(life: Life): string {
  const amount = life.amountMsat === null ? '' : `, ${life.amountMsat} msat`;
  const head = `${life.kind} ${life.id} is ${life.state}${amount}${life.node === null ? '' : `, at ${life.node}`}`;
  const trace = life.trace === null ? [] : [`trace ${life.trace}`];
  return [head, ...trace, ...life.lines.map(({ atMs, what }) => `${new Date(atMs).toISOString()}  ${what}`)].join('\n');
}
