// The hot way of a transfer between two people who are here: state, money, news and job in one call of a database
// function, shared by all who send at the same time. See the migration `send_now` for what it promises.
import { gather } from '../../base/gather.ts';
import type { PostResult } from '../../domain/ledger.ts';
import type { Notice } from '../../domain/notice.ts';
import type { BeginRefusal } from '../../domain/rails.ts';
import { postSpan } from './batch.ts';
import type { Db } from './client.ts';

export type SendNow = {
  id: string;
  fromUserId: string;
  toUserId: string;
  toName: string;
  memo: string | null;
  amountMsat: bigint;
  fromWalletId: bigint;
  toWalletId: bigint;
  /** What the receiver is told, under this id. */
  noticeId: string;
  notice: Notice & { kind: 'send_received' };
  nowMs: number;
  dueAtMs: number;
  /** Of the sender's message; null: there was none. */
  trace: string | null;
};

const LARGEST_BATCH = 200;
const IN_FLIGHT = 2;

/** What became of a send: the ledger's result, or why it may not begin. */
export type SendResult = PostResult | BeginRefusal;

const gathered = new WeakMap<Db, (send: SendNow) => Promise<SendResult>>();

/** Sends. Gives `created`, `exists` when it was sent before, or why no money moved. */
export function sendNow(db: Db, send: SendNow): Promise<SendResult> {
  let together = gathered.get(db);
  if (!together) {
    together = gather({ largest: LARGEST_BATCH, inFlight: IN_FLIGHT, run: (sends) => runAll(db, sends) });
    gathered.set(db, together);
  }
  const sendIt = together;
  return postSpan('sends.now', 1, () => sendIt(send));
}

async function runAll(db: Db, sends: readonly SendNow[]): Promise<SendResult[]> {
  const column = <T>(pick: (send: SendNow) => T) => sends.map(pick);
  const latest = (pick: (send: SendNow) => number) => Math.max(...sends.map(pick));
  const results = await db.transaction('sends.now', async (tx) => {
    const [row] = await tx.query<{ results: SendResult[] }>(
      'sends.now',
      'select send_now($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) as results',
      [
        column(({ id }) => id),
        column(({ fromUserId }) => fromUserId),
        column(({ toUserId }) => toUserId),
        column(({ toName }) => toName),
        column(({ memo }) => memo),
        column(({ amountMsat }) => amountMsat),
        column(({ fromWalletId }) => fromWalletId),
        column(({ toWalletId }) => toWalletId),
        column(({ noticeId }) => noticeId),
        column(({ notice: { kind: _, ...details } }) => JSON.stringify(details)),
        latest(({ nowMs }) => nowMs),
        latest(({ dueAtMs }) => dueAtMs),
        column(({ trace }) => trace),
      ],
    );
    if (!row) throw new Error('send_now gave no row');
    return row.results;
  });
  db.onPost('statement', results.length);
  return results;
}
