// All promises of this house, checked against the living database and, where they can be reached, the Lightning nodes.
// One function for the worker's schedule, the doctor and the end of every test. It changes nothing but how far accounts
// are proven, and a look at a slice costs the same however long the house has lived.
import { Unavailable } from '../base/errors.ts';
import { SOLVENCY_LEAST_MSAT } from '../domain/limits.ts';
import { judged, notLooked, type PromiseResult } from '../domain/promises.ts';
import { checkAccounts } from '../infra/db/books.ts';
import { faultsOf, forgottenJobs, proveAccounts } from '../infra/db/promises.ts';
import type { WorkerWorld, World } from '../world.ts';
import { check } from './books.ts';
import { solvency } from './node-books.ts';
import { checkMovements, type NodeFaults } from './promises-nodes.ts';

/** What is looked at: a whole world, or what a tool has of it. Without nodes their promises are not looked at. */
export type Watched = Pick<World, 'db' | 'clock'> | WorkerWorld;

/**
 * How much is looked at: `all` there ever was; a minute of the day, with its slice of the accounts and what was made
 * lately (a whole hour's minute looks a day back); `none`, what stands in the accounts and what is under way.
 */
export type Slice = 'all' | 'none' | number;

type Looking = { readonly slice: Slice; readonly nodes?: readonly string[]; readonly asAtMs?: number };

/** Accounts are proven in so many slices a day: each hour a twenty-fourth of them. */
export const MINUTES_A_DAY = 24 * 60;
const MINUTE_MS = 60_000;
const LATELY_MS = 3 * MINUTE_MS;
const LATELY_AT_NODES_MS = 10 * MINUTE_MS;
const DAY_BACK_MS = 26 * 60 * MINUTE_MS;
const FORGOTTEN_MS = 5 * MINUTE_MS;

/** Whether a slice looks back over a whole day. */
export function isWide(slice: Slice): boolean {
  return slice === 'all' || (slice !== 'none' && slice % 60 === 0);
}

/**
 * Checks every promise.
 * @param how.nodes only these; all by default.
 * @param how.asAtMs a second look over what a first one saw then: what was lately made is counted back from that moment.
 * @returns one result for each, P1 to P12.
 */
export async function checkPromises(world: Watched, how: Looking): Promise<PromiseResult[]> {
  const { slice } = how;
  const [alone, unproven, faults, forgotten] = await Promise.all([
    checkAccounts(world.db),
    unprovenAccounts(world, slice),
    faultsOf(world.db, { sinceMs: sinceMs(world, how, LATELY_MS), open: isWide(slice) }),
    forgottenJobs(world.db, world.clock.nowMs() - FORGOTTEN_MS),
  ]);
  const named = ({ code, why }: { code: string; why: string }) => `${code}: ${why}`;
  const floor = alone.offAccounts.filter(({ why }) => why === 'overdrawn');
  const held = alone.offAccounts.filter(({ why }) => why !== 'overdrawn');
  const rows = (list: readonly { id: string; why: string }[]) => list.map(({ id, why }) => `${id}: ${why}`);
  const sums = alone.currencies.filter(({ sum }) => sum !== 0n).map(({ code, sum }) => `${code}: ${sum}`);
  const nodes = await nodePromises(world, how);
  return [
    judged('P1', sums),
    judged('P2', floor.map(named)),
    judged('P3', [...new Set([...held, ...unproven].map(named))]),
    nodes.P4,
    judged('P5', rows(faults.holds)),
    nodes.P6,
    nodes.P7,
    nodes.P8,
    judged('P9', forgotten > 0 ? [`${forgotten} jobs`] : []),
    notLooked('P10', 'cannot be seen from here'),
    judged('P11', rows(faults.operations)),
    judged('P12', rows(faults.events)),
  ];
}

function sinceMs(world: Watched, { slice, asAtMs = world.clock.nowMs() }: Looking, latelyMs: number): number {
  if (slice === 'all') return 0;
  return Math.max(asAtMs - (isWide(slice) ? DAY_BACK_MS : latelyMs), 0);
}

async function unprovenAccounts(world: Watched, slice: Slice): Promise<{ code: string; why: string }[]> {
  if (slice === 'none') return [];
  if (slice !== 'all') return proveAccounts(world.db, { slice, slices: MINUTES_A_DAY });
  const [full, chained] = await Promise.all([check(world), proveAccounts(world.db, { slice: 0, slices: 1 })]);
  return [...full.offAccounts.filter(({ why }) => why !== 'overdrawn'), ...chained];
}

type NodePromises = Record<'P4' | 'P6' | 'P7' | 'P8', PromiseResult>;

async function nodePromises(world: Watched, how: Looking): Promise<NodePromises> {
  if (!('lightning' in world)) return unseen('no node can be asked from here');
  try {
    const since = how.slice === 'all' ? undefined : sinceMs(world, how, LATELY_AT_NODES_MS);
    const found: NodeFaults[] = [];
    for (const name of how.nodes ?? world.lightning.names()) found.push(await checkMovements(world, name, since));
    return {
      P4: judged(
        'P4',
        found.flatMap(({ effects }) => effects),
      ),
      P6: judged(
        'P6',
        found.flatMap(({ credits }) => credits),
      ),
      P7: how.nodes ? notLooked('P7', 'not all nodes were asked') : await owedIsThere(world),
      P8: judged(
        'P8',
        found.flatMap(({ fees }) => fees),
      ),
    };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return unseen(error.message);
  }
}

async function owedIsThere(world: WorkerWorld): Promise<PromiseResult> {
  const { overMsat } = await solvency(world);
  return judged('P7', overMsat < SOLVENCY_LEAST_MSAT ? [`${overMsat} msat beyond what is owed`] : []);
}

function unseen(why: string): NodePromises {
  return { P4: notLooked('P4', why), P6: notLooked('P6', why), P7: notLooked('P7', why), P8: notLooked('P8', why) };
}
