// The channels between the sandbox nodes: who owns how much of each, and what is locked on its way. Promise: of each
// channel both balances and what is locked add up to its capacity (less the opener's commitment fee), always.
import type { Attempt, Channel, Hop } from './state.ts';
import type { Store } from './store.ts';

/** Commitment fee and anchors, paid by the opener out of its half, as on real LND. */
const OPENER_COST_MSAT = 3_470_000n;
const FIRST_COMMIT_FEE_SATS = 2810;
// What each locked amount that is no dust adds to the commitment fee, while it is locked.
const HTLC_COST_MSAT = 430_000n;
const DUST_MSAT = 354_000n;
// A percent at each end cannot be sent.
const RESERVE_SHARE = 100n;
const MOST_HTLCS = 483;

export type LockedHtlc = {
  attempt: string;
  hash: string;
  from: string;
  amtMsat: bigint;
  index: number;
  expiry: number;
};

export class Channels {
  readonly all = new Map<string, Channel>();
  readonly #locked = new Map<string, Map<string, LockedHtlc>>();
  readonly #store: Store;
  #htlcs = 0;

  constructor(store: Store) {
    this.#store = store;
    for (const channel of store.saved('channel', '')) this.#add(channel);
  }

  /** Opens a channel of which each end owns half. */
  open(id: string, ends: [opener: string, other: string], capacityMsat: bigint): void {
    const [opener, other] = ends;
    const half = capacityMsat / 2n;
    const balanceMsat = { [opener]: half - OPENER_COST_MSAT, [other]: half };
    const channel = { id, ends, capacityMsat, balanceMsat, updates: 0 };
    this.#add(channel);
    this.#store.save('channel', '', id, channel);
  }

  of(alias: string): Channel[] {
    return [...this.all.values()].filter((channel) => channel.ends.includes(alias));
  }

  locked(id: string): LockedHtlc[] {
    return [...(this.#locked.get(id)?.values() ?? [])];
  }

  /** An end's balance as LND reports it: the opener pays the commitment fee of what is locked. */
  reportedMsat(channel: Channel, alias: string): bigint {
    const own = balanceOf(channel, alias);
    return channel.ends[0] === alias ? own - this.#htlcCostMsat(channel.id) : own;
  }

  /** The commitment fee now, in whole sats. */
  commitFeeSats(channel: Channel): number {
    return FIRST_COMMIT_FEE_SATS + Number(this.#htlcCostMsat(channel.id) / 1000n);
  }

  /** What `alias` could send through this channel now. */
  spendableMsat(channel: Channel, alias: string): bigint {
    if ((this.#locked.get(channel.id)?.size ?? 0) >= MOST_HTLCS) return 0n;
    const spendable = this.reportedMsat(channel, alias) - channel.capacityMsat / RESERVE_SHARE;
    return spendable > 0n ? spendable : 0n;
  }

  /** Locks a hop's amount. False when it does not fit. */
  lock(hop: Hop, attempt: Attempt): boolean {
    const channel = this.#channel(hop);
    const amtMsat = hop.amtMsat;
    if (this.spendableMsat(channel, hop.from) < amtMsat) return false;
    channel.balanceMsat[hop.from] = balanceOf(channel, hop.from) - amtMsat;
    this.#put(hop, attempt);
    this.#save(channel);
    return true;
  }

  /** Puts back what a restart found locked; the balances know of it already. */
  restore(hop: Hop, attempt: Attempt): void {
    this.#put(hop, attempt);
  }

  /** Gives a locked amount to the hop's receiver, or back to its sender. */
  release(hop: Hop, attempt: Attempt, paid: boolean): void {
    const channel = this.#channel(hop);
    const owner = paid ? hop.to : hop.from;
    channel.balanceMsat[owner] = balanceOf(channel, owner) + hop.amtMsat;
    this.#locked.get(channel.id)?.delete(attempt.key);
    this.#save(channel);
  }

  #htlcCostMsat(id: string): bigint {
    const large = this.locked(id).filter((htlc) => htlc.amtMsat >= DUST_MSAT);
    return BigInt(large.length) * HTLC_COST_MSAT;
  }

  #put(hop: Hop, attempt: Attempt): void {
    const { hash, key } = attempt;
    const { from, amtMsat, expiry } = hop;
    this.#locked.get(hop.chanId)?.set(key, { attempt: key, hash, from, amtMsat, expiry, index: this.#htlcs++ });
  }

  #add(channel: Channel): void {
    this.all.set(channel.id, channel);
    this.#locked.set(channel.id, new Map());
  }

  #channel(hop: Hop): Channel {
    const channel = this.all.get(hop.chanId);
    if (!channel) throw new Error(`there is no channel ${hop.chanId}`);
    return channel;
  }

  #save(channel: Channel): void {
    channel.updates++;
    this.#store.save('channel', '', channel.id, channel);
  }
}

function balanceOf(channel: Channel, alias: string): bigint {
  return channel.balanceMsat[alias] ?? 0n;
}

export function otherEnd(channel: Channel, alias: string): string {
  return channel.ends[0] === alias ? channel.ends[1] : channel.ends[0];
}
