// What a person's session takes in Redis, as Redis itself counts it.
import { connectRedis } from '../../src/infra/redis/connection.ts';
import { percentile } from '../report.ts';

const MOST = 2_000;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Looks at up to two thousand sessions. */
export async function sessionBytes(url: string): Promise<{ mean: number; p95: number }> {
  const redis = await connectRedis({ url, name: 'bench', log: quiet });
  const sizes: number[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', 'session:*', 'COUNT', 500);
    cursor = next;
    for (const key of keys.slice(0, MOST - sizes.length)) sizes.push((await redis.memory('USAGE', key)) ?? 0);
  } while (cursor !== '0' && sizes.length < MOST);
  await redis.quit();
  sizes.sort((a, b) => a - b);
  return { mean: sizes.reduce((sum, each) => sum + each, 0) / sizes.length, p95: percentile(sizes, 0.95) };
}
