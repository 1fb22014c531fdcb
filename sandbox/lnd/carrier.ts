// Carries payments over the channels, hop by hop and back, as the nodes on the way are up. Promise: an amount once
// locked ends with the payee or back with the payer, and nowhere else, however the nodes come and go in between.
import type { Channels } from './channels.ts';
import type { InvoiceBook, Verdict } from './invoices.ts';
import type { Attempt } from './state.ts';
import { nowNs } from './state.ts';

/** A node as the carrier sees it. */
export type Station = {
  /** Takes part now; false while it is down or hangs. */
  up: boolean;
  /** Its peers see it connected: also while it hangs. */
  connected: boolean;
  invoices: InvoiceBook;
  /** Hears of each change of an attempt that this node made. */
  attemptChanged(attempt: Attempt): void;
};

export class Carrier {
  readonly #channels: Channels;
  readonly #stations: Map<string, Station>;
  readonly #live = new Map<string, Attempt>();

  constructor(channels: Channels, stations: Map<string, Station>) {
    this.#channels = channels;
    this.#stations = stations;
  }

  /** Takes up an attempt that was under way when the program ended. */
  restore(attempt: Attempt): void {
    this.#live.set(attempt.key, attempt);
    for (const hop of attempt.hops.slice(0, attempt.locked)) this.#channels.restore(hop, attempt);
  }

  /** Sends a new attempt on its way, as far as it gets now. */
  launch(attempt: Attempt): void {
    this.#live.set(attempt.key, attempt);
    this.#advance(attempt);
  }

  /** Carries out what a payee decided. */
  apply(verdicts: Verdict[]): void {
    for (const { attempt: key, paid } of verdicts) {
      const attempt = this.#live.get(key);
      if (attempt?.phase !== 'held') continue;
      decide(attempt, paid);
      this.#advance(attempt, true);
    }
  }

  /** Goes on with all that waited for a node. */
  resume(): void {
    for (const attempt of [...this.#live.values()]) this.#advance(attempt);
  }

  /** Goes as far as it gets; tells the payer when that, or what was `decided` before, changed anything. */
  #advance(attempt: Attempt, decided = false): void {
    const { phase, locked } = attempt;
    while (attempt.phase !== 'done' && this.#step(attempt));
    if (decided || attempt.phase !== phase || attempt.locked !== locked) {
      this.#station(attempt.payer).attemptChanged(attempt);
    }
  }

  /** One step; false when there is none to be done now. */
  #step(attempt: Attempt): boolean {
    switch (attempt.phase) {
      case 'forward':
        return this.#forward(attempt);
      case 'settling':
      case 'failing':
        return this.#back(attempt);
      default:
        return false;
    }
  }

  #forward(attempt: Attempt): boolean {
    const { hops, locked } = attempt;
    const arrived = hops[locked - 1];
    if (arrived && !this.#station(arrived.to).up) return false;
    const next = hops[locked];
    if (arrived && !next) {
      attempt.phase = 'held';
      const verdicts = this.#station(arrived.to).invoices.receive(attempt, arrived);
      const own = verdicts.find((verdict) => verdict.attempt === attempt.key);
      if (own) decide(attempt, own.paid);
      this.apply(verdicts.filter((verdict) => verdict !== own));
      return true;
    }
    if (next && this.#station(next.to).connected && this.#channels.lock(next, attempt)) attempt.locked++;
    else fail(attempt, 'TEMPORARY_CHANNEL_FAILURE', locked);
    return true;
  }

  #back(attempt: Attempt): boolean {
    const hop = attempt.hops[attempt.locked - 1];
    const paid = attempt.phase === 'settling';
    if (hop) {
      if (!this.#station(hop.from).up || !this.#station(hop.to).up) return false;
      this.#channels.release(hop, attempt, paid);
      attempt.locked--;
      return true;
    }
    attempt.phase = 'done';
    attempt.status = paid ? 'SUCCEEDED' : 'FAILED';
    attempt.resolvedAtNs = nowNs();
    const payee = attempt.hops.at(-1)?.to;
    if (paid && payee) attempt.preimage = this.#station(payee).invoices.find(attempt.hash)?.preimage ?? '';
    this.#live.delete(attempt.key);
    return true;
  }

  #station(alias: string): Station {
    const station = this.#stations.get(alias);
    if (!station) throw new Error(`there is no node ${alias}`);
    return station;
  }
}

function decide(attempt: Attempt, paid: boolean): void {
  if (paid) attempt.phase = 'settling';
  else fail(attempt, 'INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS', attempt.hops.length);
}

function fail(attempt: Attempt, code: string, source: number): void {
  attempt.phase = 'failing';
  attempt.failure = { code, source };
}
