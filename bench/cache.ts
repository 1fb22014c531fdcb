// How fast the cache answers under what chats do to it: rates and profiles on every message, a profile written now and
// then, scans and counters in between, by two instances that share one real Redis. Beside it, bare ioredis.
import { Redis } from 'ioredis';
import type { Log } from '../src/base/logger.ts';
import { createCache } from '../src/infra/redis/cache.ts';
import { cacheKeys, cacheTtlMs } from '../src/infra/redis/cache-keys.ts';
import { startRedis } from '../tests/cache/redis-server.ts';

const OPERATIONS = 200_000;
const IN_FLIGHT = 32;
const PEOPLE = 5_000;

const quiet: Log = { debug() {}, info() {}, warn() {}, error: (event) => console.error(event) };
const server = await startRedis();
try {
  const instances = await Promise.all([1, 2].map(() => createCache({ url: server.url, log: quiet })));
  const raw = new Redis(server.url, { enableAutoPipelining: true });
  const legs = Array.from({ length: 11 }, (_, n) => ({ pair: `USD/${n}`, micro: '129100000', asOfMs: n }));
  const profile = { language: 'sw', currency: 'KES', zone: 'Africa/Nairobi' };

  const message = async (n: number) => {
    const cache = instances[n % 2] ?? instances[0];
    const person = cacheKeys.profile(String((n * 7_919) % PEOPLE));
    if (n % 100 === 1) await cache?.clear(person);
    else if (n % 100 === 2) await cache?.increment('messages', 1, 60_000);
    else if (n % 100 === 3) await cache?.set(cacheKeys.scan(String(n)), { risk: 'low' }, cacheTtlMs.scan);
    else if (n % 2 === 0) await cache?.getOrLoad(cacheKeys.rates, cacheTtlMs.rates, async () => legs);
    else await cache?.getOrLoad(person, cacheTtlMs.profile, async () => profile);
  };
  await measure(20_000, message);
  const ours = await measure(OPERATIONS, message);
  await raw.set('bare', JSON.stringify(profile));
  const bare = await measure(OPERATIONS / 4, async () => void JSON.parse((await raw.get('bare')) ?? ''));

  const counts = instances.map((cache) => cache.counts().rates ?? { hits: 0, misses: 0 });
  const hits = counts.reduce((sum, { hits }) => sum + hits, 0);
  const hitRatio = hits / counts.reduce((sum, { misses }) => sum + misses, hits);
  console.log(`cache        ${ours.perSecond}/s, p50 ${ours.p50Ms} ms, p95 ${ours.p95Ms} ms, p99 ${ours.p99Ms} ms`);
  console.log(`bare ioredis ${bare.perSecond}/s, p50 ${bare.p50Ms} ms, p95 ${bare.p95Ms} ms`);
  const results = [
    { name: 'p95_ms', value: ours.p95Ms, goal: 10, met: ours.p95Ms < 10 },
    { name: 'per_second', value: ours.perSecond, goal: 10_000, met: ours.perSecond >= 10_000 },
    { name: 'rates_hit_ratio', value: Number(hitRatio.toFixed(4)), goal: 0.9, met: hitRatio >= 0.9 },
    { name: 'bare_ioredis_per_second', value: bare.perSecond },
  ];
  console.log(JSON.stringify({ bench: 'cache', results }));
  await Promise.all(instances.map((cache) => cache.close()));
  raw.disconnect();
} finally {
  await server.remove();
}

async function measure(operations: number, operation: (n: number) => Promise<void>) {
  const times = new Float64Array(operations);
  let next = 0;
  const started = performance.now();
  const worker = async () => {
    while (next < operations) {
      const n = next++;
      const before = performance.now();
      await operation(n);
      times[n] = performance.now() - before;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const seconds = (performance.now() - started) / 1_000;
  times.sort();
  const at = (share: number) => Number((times[Math.floor(operations * share)] ?? 0).toFixed(3));
  return { perSecond: Math.round(operations / seconds), p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}
