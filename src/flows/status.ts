// How the house is, for everybody who asks: which ways of moving money work, how old the prices are, whether the books
// agree, what happened last. Nothing of anybody and no inside is told. What cannot be found out in time is said to be
// unknown, and never hangs the answer; one look serves all who ask within its time.
import { type Outside, outside } from '../base/outside.ts';
import { withoutTrace } from '../base/trace.ts';
import type { Incident } from '../domain/incidents.ts';
import type { Rail } from '../domain/rails.ts';
import { openIncidents, pastIncidents } from '../infra/db/incidents.ts';
import { readRails } from '../infra/db/rails.ts';
import { readSending } from '../infra/db/switches.ts';
import { listInstances } from '../infra/redis/instances.ts';
import { readSendable } from '../infra/redis/sendable.ts';
import type { World } from '../world.ts';
import { shown } from './fx.ts';

/** `paused`: we stopped it. `down`: what it needs is away. `unknown`: what would tell us is away. */
export type RailStatus = 'works' | 'paused' | 'down' | 'unknown';

export type Status = {
  readonly atMs: number;
  readonly rails: Readonly<Record<Rail, RailStatus>>;
  /** Of the price of a bitcoin in dollars; undefined when there is none. */
  readonly rate: { readonly ageMs: number; readonly isOld: boolean } | undefined;
  readonly instances: { readonly bots: number; readonly workers: number } | undefined;
  /** Whether what we owe is what we hold, by the watch over our promises. */
  readonly booksAgree: boolean | undefined;
  /** Of those that people may have felt. */
  readonly incident: { readonly sinceMs: number; readonly untilMs: number | null } | undefined;
};

const LOOK_DEADLINE_MS = 1_000;
const KEPT_MS = 2_000;
const INCIDENTS_LOOKED_AT = 20;

/** Gives the status, which is up to two seconds old. It never rejects. */
export function statusOf(world: World): () => Promise<Status> {
  const inTime = outside('status', { deadlineMs: LOOK_DEADLINE_MS });
  let last: { readonly atMs: number; readonly status: Promise<Status> } | undefined;
  return () => {
    const nowMs = world.clock.monotonicMs();
    if (!last || nowMs - last.atMs >= KEPT_MS) {
      last = { atMs: nowMs, status: withoutTrace(() => look(world, inTime)) };
    }
    return last.status;
  };
}

async function look(world: World, inTime: Outside): Promise<Status> {
  const known = <T>(read: () => Promise<T>): Promise<T | undefined> => inTime(read).catch(() => undefined);
  const [sending, rails, sendable, list, rate, open, past] = await Promise.all([
    known(() => readSending(world.db)),
    known(() => readRails(world.db)),
    // Wrapped, since that nobody says it is an answer too.
    known(async () => ({ msat: await readSendable(world.sessions) })),
    known(() => listInstances(world.sessions)),
    known(() => shown(world, 'USD')),
    known(() => openIncidents(world.db, INCIDENTS_LOOKED_AT)),
    known(() => pastIncidents(world.db, null, INCIDENTS_LOOKED_AT)),
  ]);
  const instances = list && { bots: countOf(list, 'bot'), workers: countOf(list, 'worker') };
  const isOn = (rail: Rail) => rails?.find(({ name }) => name === rail)?.isOn;
  const isSending = sending?.isOn;
  // A worker with a node that may pay says so every ten seconds.
  const hasNode = sendable && instances && sendable.msat !== undefined && instances.workers > 0;
  return {
    atMs: world.clock.nowMs(),
    rails: {
      send: railOf([isOn('send'), isSending], true),
      pay: railOf([isOn('pay'), isSending], hasNode && (sendable?.msat ?? 0n) > 0n),
      receive: railOf([isOn('receive')], hasNode),
    },
    rate: rate && { ageMs: rate.btcAgeMs, isOld: rate.stale },
    instances,
    booksAgree: sending && sending.known.length === 0,
    incident: incidentOf(open, past),
  };
}

function countOf(list: readonly { kind: string }[], kind: string): number {
  return list.filter((each) => each.kind === kind).length;
}

/** @param switches what must be on; @param isThere whether what it needs is there. */
function railOf(switches: readonly (boolean | undefined)[], isThere: boolean | undefined): RailStatus {
  if (switches.includes(false)) return 'paused';
  if (switches.includes(undefined) || isThere === undefined) return 'unknown';
  return isThere ? 'works' : 'down';
}

const FELT: readonly Incident['severity'][] = ['critical', 'emergency'];

function incidentOf(open: readonly Incident[] | undefined, past: readonly Incident[] | undefined): Status['incident'] {
  const felt = (list: readonly Incident[] = []) => list.find(({ severity }) => FELT.includes(severity));
  const last = felt(open) ?? felt(past);
  return last && { sinceMs: last.startedAtMs, untilMs: last.closedAtMs };
}
