// The ledger beside PostgreSQL's own bench: post() from Node with 1,000 callers over 100,000 accounts, against pgbench's
// TPC-B with 32 clients, on one server with durable commits, in turns so that both meet the same weather. Then all into
// one hot account, and ten movements one after the other.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { hostClock } from '../src/base/clock.ts';
import { systemRandom, uuidIds } from '../src/base/ids.ts';
import { checkBooks } from '../src/infra/db/books.ts';
import { anyPair, anyWallet, load, move, openWallets } from './load.ts';
import { percentile, report } from './report.ts';
import { startServer } from './server.ts';

const run = promisify(execFile);
const ACCOUNTS = 100_000;
const CALLERS = 1_000;
const ROUNDS = 4;
const SECONDS = 5;
// As many branches as clients: with fewer, pgbench's clients wait for each other's branch and look slower than they are.
const SCALE = '32';

const server = await startServer();
try {
  const { admin } = server;
  const ids = uuidIds(hostClock(), systemRandom());
  const bench = await server.ledger('bench');
  await admin.query('CREATE DATABASE pgbench');
  const pgbenchUrl = new URL(server.adminUrl);
  pgbenchUrl.pathname = '/pgbench';
  console.log('Preparing pgbench and 100,000 accounts ...');
  await run('pgbench', ['-i', '-q', '-s', SCALE, pgbenchUrl.toString()]);
  const accounts = await openWallets(bench, ids, ACCOUNTS);
  const pair = () => move(ids, ...anyPair(accounts), 1_000n);
  await server.settle();
  // Not counted: plans are made, and each page is written whole to the log when first touched after a checkpoint.
  await load(bench.db, { callers: CALLERS, seconds: 3, next: pair });
  await tpcB(pgbenchUrl, 3);

  const tps: number[] = [];
  const posts: number[] = [];
  const latencies: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    tps.push(await tpcB(pgbenchUrl, SECONDS));
    const { perSecond, latenciesMs } = await load(bench.db, { callers: CALLERS, seconds: SECONDS, next: pair });
    posts.push(perSecond);
    for (const latencyMs of latenciesMs) latencies.push(latencyMs);
    console.log(`round ${round + 1}: pgbench ${tps.at(-1)?.toFixed(0)}/s, ledger ${perSecond.toFixed(0)}/s`);
  }
  const hotTps = await tpcB(pgbenchUrl, SECONDS);
  const hot = await load(bench.db, {
    callers: CALLERS,
    seconds: SECONDS,
    next: () => move(ids, anyWallet(accounts), accounts.source, 1_000n),
  });

  const tens: number[] = [];
  for (let i = 0; i < 30; i++) {
    const begun = performance.now();
    for (let n = 0; n < 10; n++) await bench.db.post([pair()]);
    tens.push(performance.now() - begun);
  }
  const books = await checkBooks(bench.db);
  if (!books.ok) throw new Error(`the books are off: ${JSON.stringify(books.offAccounts)}`);

  const sorted = Float64Array.from(latencies).sort();
  const mean = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  report(
    'ledger',
    [
      { name: 'ratio_to_pgbench', value: mean(posts) / mean(tps), goal: 10, better: 'higher' },
      { name: 'p99_ms', value: percentile(sorted, 0.99), goal: 50, better: 'lower' },
      { name: 'hot_ratio_to_pgbench', value: hot.perSecond / hotTps, goal: 5, better: 'higher' },
      { name: 'ten_tx_ms', value: percentile(Float64Array.from(tens).sort(), 0.5), goal: 100, better: 'lower' },
    ],
    [
      `pgbench TPC-B: ${mean(tps).toFixed(0)}/s with 32 clients, prepared, scale ${SCALE}`,
      `post(): ${mean(posts).toFixed(0)}/s with ${CALLERS} callers, p50 ${percentile(sorted, 0.5).toFixed(1)} ms, longest ${sorted.at(-1)?.toFixed(0)} ms`,
      `post() into one account: ${hot.perSecond.toFixed(0)}/s`,
    ],
  );
} finally {
  await server.end();
}

/** Transactions a second of pgbench's own script. */
async function tpcB(url: URL, seconds: number): Promise<number> {
  const args = ['-c', '32', '-j', '2', '-M', 'prepared', '-n', '-T', String(seconds), url.toString()];
  const { stdout } = await run('pgbench', args);
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
}
