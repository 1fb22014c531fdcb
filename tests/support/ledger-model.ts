// The ledger as one would write it in ten minutes: maps in memory, one transfer after the other, a copy to go back to
// when a chain fails. What the database answers must be what this answers.
import type { PostResult, Transfer } from '../../src/domain/ledger.ts';

export type ModelAccount = {
  currency: string;
  guarded: boolean;
  closed: boolean;
  debitsPosted: bigint;
  creditsPosted: bigint;
  debitsPending: bigint;
  creditsPending: bigint;
};

type Hold = { debitId: bigint; creditId: bigint; amount: bigint; state: 'pending' | 'posted' | 'voided' };
type State = { accounts: Map<bigint, ModelAccount>; transfers: Map<string, Transfer>; holds: Map<string, Hold> };

const LARGEST = 2_100_000_000_000_000_000n;

export class LedgerModel {
  #state: State = { accounts: new Map(), transfers: new Map(), holds: new Map() };

  open(id: bigint, account: { currency: string; guarded: boolean; closed?: boolean }): void {
    const totals = { debitsPosted: 0n, creditsPosted: 0n, debitsPending: 0n, creditsPending: 0n };
    this.#state.accounts.set(id, { closed: false, ...account, ...totals });
  }

  account(id: bigint): ModelAccount {
    return this.#state.accounts.get(id)!;
  }

  accounts(): [bigint, ModelAccount][] {
    return [...this.#state.accounts];
  }

  /** Posts the calls one after the other; the chains of a call stand or fall whole. */
  post(calls: readonly (readonly Transfer[])[]): PostResult[] {
    return calls.flatMap((call) => chains(call).flatMap((chain) => this.#chain(chain)));
  }

  #chain(chain: readonly Transfer[]): PostResult[] {
    const before = structuredClone(this.#state);
    const results: PostResult[] = [];
    for (const transfer of chain) {
      const result = this.#one(transfer);
      results.push(result);
      if (result !== 'created' && result !== 'exists') {
        this.#state = before;
        return chain.map((_, place) => (place === results.length - 1 ? result : 'linked_failed'));
      }
    }
    return results;
  }

  #one(transfer: Transfer): PostResult {
    if (transfer.id[14] !== '7') return 'id_invalid';
    const known = this.#state.transfers.get(transfer.id);
    if (known) return same(known, transfer) ? 'exists' : 'exists_different';
    const end = transfer.kind === 'post' || transfer.kind === 'void';
    const result = end ? this.#end(transfer) : this.#begin(transfer);
    if (result === 'created') this.#state.transfers.set(transfer.id, transfer);
    return result;
  }

  #begin(transfer: Transfer & { kind: 'single' | 'pending' }): PostResult {
    const { debitId, creditId, amount, currency } = transfer;
    if (amount < 1n || amount > LARGEST) return 'amount_invalid';
    if (debitId === creditId) return 'same_account';
    const [debit, credit] = [this.#state.accounts.get(debitId), this.#state.accounts.get(creditId)];
    if (!debit || !credit) return 'account_missing';
    if (debit.closed || credit.closed) return 'account_closed';
    if (debit.currency !== currency || credit.currency !== currency) return 'currency_mismatch';
    if (debit.guarded && debit.creditsPosted - debit.debitsPosted - debit.debitsPending < amount) {
      return 'insufficient_funds';
    }
    if (transfer.kind === 'single') {
      debit.debitsPosted += amount;
      credit.creditsPosted += amount;
    } else {
      debit.debitsPending += amount;
      credit.creditsPending += amount;
      this.#state.holds.set(transfer.id, { debitId, creditId, amount, state: 'pending' });
    }
    return 'created';
  }

  #end(transfer: Transfer & { kind: 'post' | 'void' }): PostResult {
    const amount = transfer.kind === 'post' ? transfer.amount : 0n;
    if (transfer.kind === 'post' && (amount < 1n || amount > LARGEST)) return 'amount_invalid';
    const hold = this.#state.holds.get(transfer.pendingId);
    const { debitId = hold?.debitId, creditId = hold?.creditId } = transfer;
    if (!hold || debitId !== hold.debitId || creditId !== hold.creditId) return 'pending_not_found';
    if (hold.state !== 'pending') return hold.state === 'posted' ? 'already_posted' : 'already_voided';
    if (amount > hold.amount) return 'amount_above_pending';
    const [debit, credit] = [this.account(hold.debitId), this.account(hold.creditId)];
    if (transfer.kind === 'post' && (debit.closed || credit.closed)) return 'account_closed';
    debit.debitsPending -= hold.amount;
    credit.creditsPending -= hold.amount;
    debit.debitsPosted += amount;
    credit.creditsPosted += amount;
    hold.state = transfer.kind === 'post' ? 'posted' : 'voided';
    return 'created';
  }
}

function chains(call: readonly Transfer[]): Transfer[][] {
  const all: Transfer[][] = [];
  let open = false;
  for (const transfer of call) {
    if (open) all.at(-1)!.push(transfer);
    else all.push([transfer]);
    open = transfer.linked === true;
  }
  return all;
}

function same(one: Transfer, other: Transfer): boolean {
  if (one.kind !== other.kind || one.code !== other.code || one.subjectId !== other.subjectId) return false;
  if (one.kind === 'void' || other.kind === 'void')
    return 'pendingId' in one && 'pendingId' in other && one.pendingId === other.pendingId;
  if (one.amount !== other.amount) return false;
  if (one.kind === 'post' || other.kind === 'post') {
    return 'pendingId' in one && 'pendingId' in other && one.pendingId === other.pendingId;
  }
  return one.debitId === other.debitId && one.creditId === other.creditId && one.currency === other.currency;
}
