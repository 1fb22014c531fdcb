// What the ledger's benches do to a ledger: open and fund many accounts fast, and have many callers post at once, each
// its next transfer as soon as its last one is answered.
import type { Ids } from '../src/base/ids.ts';
import type { Transfer } from '../src/domain/ledger.ts';
import type { Db } from '../src/infra/db/client.ts';
import type { Bench } from './server.ts';

/** What every wallet starts with, in millisatoshi. */
const FUNDS = 1_000_000_000n;

/** Accounts of a bench: `source` may run negative, the wallets are numbered from `first` on. */
export type Accounts = { source: bigint; first: bigint; count: number };

/** Opens `count` wallets in one statement and funds them through the ledger. */
export async function openWallets(bench: Bench, ids: Ids, count: number): Promise<Accounts> {
  const { rows: sources } = await bench.owner.query(
    `INSERT INTO accounts (code, currency, guarded) VALUES ('capital:bench', 'BTC', false) RETURNING id`,
  );
  const source = BigInt(sources[0].id);
  await bench.owner.query(
    `INSERT INTO accounts (code, currency, guarded)
     SELECT 'wallet:' || uuidv7(), 'BTC', true FROM generate_series(1, $1)`,
    [count],
  );
  const first = source + 1n;
  const all = Array.from({ length: count }, (_, i) => move(ids, source, first + BigInt(i), FUNDS));
  const calls = Array.from({ length: Math.ceil(count / 250) }, (_, i) => all.slice(i * 250, (i + 1) * 250));
  await Promise.all(calls.map((transfers) => bench.db.post(transfers)));
  await bench.owner.query('VACUUM ANALYZE accounts');
  return { source, first, count };
}

export function move(ids: Ids, debitId: bigint, creditId: bigint, amount: bigint): Transfer {
  return { id: ids.next(), kind: 'single', code: 'send', debitId, creditId, amount, currency: 'BTC' };
}

/** A wallet by chance. */
export function anyWallet({ first, count }: Accounts): bigint {
  return first + BigInt(Math.floor(Math.random() * count));
}

/** Two different wallets by chance. */
export function anyPair(accounts: Accounts): [bigint, bigint] {
  const debit = anyWallet(accounts);
  const credit = anyWallet(accounts);
  return debit === credit ? anyPair(accounts) : [debit, credit];
}

export type Load = { perSecond: number; latenciesMs: number[] };

/** `callers` post at once for `seconds`; every transfer must be created. */
export async function load(db: Db, given: { callers: number; seconds: number; next: () => Transfer }): Promise<Load> {
  const latenciesMs: number[] = [];
  const begun = performance.now();
  const until = begun + given.seconds * 1_000;
  const caller = async () => {
    while (performance.now() < until) {
      const asked = performance.now();
      const [result] = await db.post([given.next()]);
      if (result !== 'created') throw new Error(`a transfer came to ${result}`);
      latenciesMs.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: given.callers }, caller));
  const seconds = (performance.now() - begun) / 1_000;
  return { perSecond: latenciesMs.length / seconds, latenciesMs };
}
