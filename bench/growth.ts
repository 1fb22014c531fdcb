// Whether the house stays as quick with a million people as with ten thousand: posting, a balance and a history page on
// a ledger of 10,000 accounts and on one of 1,000,000 accounts with 10,000,000 transfers over ten months, in turns.
import { hostClock } from '../src/base/clock.ts';
import { systemRandom, uuidIds } from '../src/base/ids.ts';
import { checkBooks } from '../src/infra/db/books.ts';
import { historyPage } from '../src/infra/db/history.ts';
import { balanceOf } from '../src/infra/db/ledger.ts';
import { fillLedger } from './fill.ts';
import { type Accounts, anyPair, anyWallet, load, move } from './load.ts';
import { percentile, report } from './report.ts';
import { type Bench, startServer } from './server.ts';

const CALLERS = 1_000;
const ROUNDS = 5;
const SECONDS = 3;
const READS = 1_500;
const PAGE = 20;
const SIZES = { small: 10_000, large: 1_000_000 };

type Times = { postUs: number[]; balanceMs: number[]; historyMs: number[] };
type Subject = { name: string; bench: Bench; accounts: Accounts; times: Times };

const ids = uuidIds(hostClock(), systemRandom());

async function prepare(server: Awaited<ReturnType<typeof startServer>>, name: string, count: number): Promise<Subject> {
  const begun = performance.now();
  const bench = await server.ledger(name);
  const accounts = await fillLedger(bench, count, Date.now());
  console.log(
    `${name}: ${count} accounts, ${10 * count} transfers in ${((performance.now() - begun) / 1_000).toFixed(0)} s`,
  );
  return { name, bench, accounts, times: { postUs: [], balanceMs: [], historyMs: [] } };
}

async function round({ bench, accounts, times }: Subject): Promise<void> {
  const next = () => move(ids, ...anyPair(accounts), 1_000n);
  const { perSecond } = await load(bench.db, { callers: CALLERS, seconds: SECONDS, next });
  times.postUs.push(1_000_000 / perSecond);
  for (let i = 0; i < READS; i++) {
    const id = anyWallet(accounts);
    const begun = performance.now();
    await balanceOf(bench.db, id);
    const then = performance.now();
    const page = await historyPage(bench.db, id, { limit: PAGE });
    if (page.length < 19) throw new Error(`a history page of ${page.length} rows`);
    times.balanceMs.push(then - begun);
    times.historyMs.push(performance.now() - then);
  }
}

// Nothing of what is measured writes without its log in what follows; only the filling did.
const server = await startServer({
  wal_level: 'minimal',
  max_wal_senders: '0',
  maintenance_work_mem: '1GB',
  work_mem: '256MB',
});
try {
  const small = await prepare(server, 'small', SIZES.small);
  const large = await prepare(server, 'large', SIZES.large);
  await server.admin.query('CHECKPOINT');
  // Not counted: plans are made, and each page is written whole to the log when first touched after a checkpoint.
  for (const subject of [large, small]) await round(subject);
  for (const { times } of [small, large]) for (const list of Object.values(times)) list.length = 0;
  for (let i = 0; i < ROUNDS; i++) for (const subject of [small, large]) await round(subject);

  for (const { name, bench } of [small, large]) {
    const books = await checkBooks(bench.db);
    if (!books.ok) throw new Error(`the books of ${name} are off: ${JSON.stringify(books.offAccounts)}`);
  }
  const median = (list: number[]) => percentile(Float64Array.from(list).sort(), 0.5);
  const ratio = (what: keyof Times) => median(large.times[what]) / median(small.times[what]);
  const line = (what: keyof Times, unit: string) =>
    `${what}: ${median(small.times[what]).toFixed(2)} ${unit} small, ${median(large.times[what]).toFixed(2)} ${unit} large, ratio ${ratio(what).toFixed(2)}`;
  report(
    'growth',
    [
      {
        name: 'worst_ratio',
        value: Math.max(ratio('postUs'), ratio('balanceMs'), ratio('historyMs')),
        goal: 1.3,
        better: 'lower',
      },
    ],
    [line('postUs', 'us'), line('balanceMs', 'ms'), line('historyMs', 'ms')],
  );
} finally {
  await server.end();
}
