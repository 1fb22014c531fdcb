// Group commit: posts that wait at the same time share one round trip and one durable write, and each caller gets its
// own results or its own error. A batch that fails for its content is posted call by call, so that a faulty call hurts
// nobody else. Posting twice is posting once (ids), so a batch whose answer was lost is simply posted again.
import { inSpan } from '../../base/trace.ts';
import type { PostResult, Transfer } from '../../domain/ledger.ts';
import { errorCode } from './retry.ts';

/** The name and text of the one statement that moves money; its values are made by `postValues`. */
export const POST_NAME = 'ledger.post';
export const POST_TEXT = 'SELECT ledger_post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS results';

/** Runs a statement that posts to the ledger, as a step of the present message. */
export function postSpan<T>(statement: string, transfers: number, run: () => Promise<T>): Promise<T> {
  return inSpan('ledger post', { statement, transfers }, run, { side: 'client' });
}

/**
 * The arguments of `POST_TEXT` for calls that stand or fall apart from each other. The chains of a call become groups.
 * Throws a RangeError for a text that is not of the form it must have; nothing was posted then.
 */
export function postValues(calls: readonly (readonly Transfer[])[], nowMs: number): unknown[] {
  const columns: string[][] = Array.from({ length: 10 }, () => []);
  const [ids, groups, kinds, debits, credits, amounts, currencies, codes, pendings, subjects] = columns as [
    string[],
    string[],
    string[],
    string[],
    string[],
    string[],
    string[],
    string[],
    string[],
    string[],
  ];
  let group = 0;
  for (const call of calls) {
    for (const transfer of call) {
      ids.push(transfer.id);
      groups.push(String(group));
      kinds.push(transfer.kind);
      debits.push(transfer.debitId === undefined ? 'NULL' : String(transfer.debitId));
      credits.push(transfer.creditId === undefined ? 'NULL' : String(transfer.creditId));
      amounts.push(transfer.amount === undefined ? 'NULL' : String(transfer.amount));
      currencies.push(transfer.currency ?? 'NULL');
      codes.push(transfer.code);
      pendings.push('pendingId' in transfer ? transfer.pendingId : 'NULL');
      subjects.push(transfer.subjectId ?? 'NULL');
      if (!transfer.linked) group++;
    }
    group++;
  }
  return [...columns.map((column) => `{${column.join(',')}}`), nowMs];
}

/** Throws a RangeError when a text of the transfers would not survive being one of many in an array. */
export function checkTexts(transfers: readonly Transfer[]): void {
  for (const transfer of transfers) {
    const { id, subjectId, currency } = transfer;
    if (!isUuid(id) || (subjectId !== undefined && !isUuid(subjectId))) throw new RangeError('a transfer id is a UUID');
    if ('pendingId' in transfer && !isUuid(transfer.pendingId)) throw new RangeError('a pending id is a UUID');
    if (currency !== undefined && !CURRENCY.test(currency)) throw new RangeError('a currency is three letters');
  }
}

const CURRENCY = /^[A-Z]{3}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

// Other versions than 7 are for the database to refuse, by a result.
function isUuid(text: string): boolean {
  return UUID.test(text);
}

export type Poster = {
  /** Posts the transfers of one call, chained where they say so. One result each, in order. */
  post(transfers: readonly Transfer[]): Promise<PostResult[]>;
  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void>;
};

type Call = {
  transfers: readonly Transfer[];
  /** The accounts it is known to touch; as plain numbers, which are quicker to look up. */
  accounts: readonly number[];
  resolve: (results: PostResult[]) => void;
  reject: (error: unknown) => void;
};

// Two in flight, one for each core that the database surely has. The size bounds how long a batch takes.
const IN_FLIGHT = 2;
const LARGEST_BATCH = 256;

/** @param send posts the calls of one batch in one round trip and gives all their results in order. */
export function createPoster(send: (calls: readonly (readonly Transfer[])[]) => Promise<PostResult[]>): Poster {
  const line = createLine();
  const idlers: (() => void)[] = [];
  let inFlight = 0;
  let planned = false;
  const isIdle = () => line.isEmpty() && inFlight === 0;

  // At the end of the present turn, so that all who post in it go together.
  function plan(): void {
    if (planned) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      while (inFlight < IN_FLIGHT) {
        const calls = line.take(LARGEST_BATCH);
        if (calls.length === 0) break;
        void flush(calls);
      }
      if (isIdle()) for (const idler of idlers.splice(0)) idler();
    });
  }

  async function flush(calls: Call[]): Promise<void> {
    inFlight++;
    try {
      await deliver(calls);
    } catch (error) {
      if (calls.length > 1 && isContentFault(error)) {
        for (const call of calls) await deliver([call]).catch(call.reject);
      } else {
        for (const call of calls) call.reject(error);
      }
    }
    inFlight--;
    line.free(calls);
    plan();
  }

  async function deliver(calls: Call[]): Promise<void> {
    const results = await send(calls.map((call) => call.transfers));
    let next = 0;
    for (const call of calls) {
      const end = next + call.transfers.length;
      call.resolve(results.slice(next, end));
      next = end;
    }
  }

  return {
    post(transfers) {
      if (transfers.length === 0) return Promise.resolve([]);
      return new Promise((resolve, reject) => {
        checkTexts(transfers);
        line.add({ transfers, accounts: accountsOf(transfers), resolve, reject });
        plan();
      });
    },
    idle: () => (isIdle() ? Promise.resolve() : new Promise((done) => idlers.push(done))),
  };
}

type Line = {
  add(call: Call): void;
  /** The oldest calls whose accounts are free, about `size` transfers; their accounts are busy until `free`. */
  take(size: number): Call[];
  free(calls: readonly Call[]): void;
  isEmpty(): boolean;
};

// Calls on an account of a batch in flight wait here rather than in the database, where they would hold up all who
// travel with them.
function createLine(): Line {
  const busy = new Set<number>();
  let waiting: Call[] = [];
  return {
    add: (call) => void waiting.push(call),
    isEmpty: () => waiting.length === 0,
    take(size) {
      const taken: Call[] = [];
      const left: Call[] = [];
      // The accounts of a call that must wait are kept for it, so that nobody is overtaken on an account for ever.
      const kept = new Set<number>();
      let taking = 0;
      let next = 0;
      for (; next < waiting.length && taking < size; next++) {
        const call = waiting[next]!;
        if (call.accounts.some((id) => busy.has(id) || kept.has(id))) {
          left.push(call);
          for (const id of call.accounts) kept.add(id);
        } else {
          taken.push(call);
          taking += call.transfers.length;
        }
      }
      waiting = left.concat(waiting.slice(next));
      for (const { accounts } of taken) for (const id of accounts) busy.add(id);
      return taken;
    },
    free(calls) {
      for (const { accounts } of calls) for (const id of accounts) busy.delete(id);
    },
  };
}

function accountsOf(transfers: readonly Transfer[]): number[] {
  const accounts: number[] = [];
  for (const { debitId, creditId } of transfers) {
    if (debitId !== undefined) accounts.push(Number(debitId));
    if (creditId !== undefined) accounts.push(Number(creditId));
  }
  return accounts;
}

// Data exceptions, integrity violations and raised errors come from what was posted; anything else would meet every
// call alike.
function isContentFault(error: unknown): boolean {
  return /^(22|23|42|P0)/.test(errorCode(error));
}
