// Emptying a Redis of ours. Every key in it may be lost at any moment; after the database has gone back in time every key
// must be, for sessions and drafts name accounts that may now be another person's.
import { answered, connectRedis } from './connection.ts';

type Log = Parameters<typeof connectRedis>[0]['log'];

/** Empties the one database each address names; other databases of the same server stay. Throws Unavailable. */
export async function forgetAll(urls: readonly string[], log: Log): Promise<void> {
  for (const url of urls) {
    const redis = await connectRedis({ url, name: 'forget', log });
    await answered(redis.flushdb()).finally(() => redis.disconnect());
  }
}
