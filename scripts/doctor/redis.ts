// The three Redis addresses: what may never be forgotten must not be evictable and must be written down; the cache must
// be free to forget.
import type { Config } from '../../src/base/config.ts';
import { redisSettings } from '../../src/infra/redis/connection.ts';
import { type Finding, fault, ok, reason, warning } from './finding.ts';

type Settings = Awaited<ReturnType<typeof redisSettings>>;

/** Queue, session and cache Redis. */
export async function checkRedis(config: Config): Promise<Finding[]> {
  const lists = await Promise.all([
    about('queue', config.REDIS_QUEUE_URL, lasting),
    about('session', config.REDIS_SESSION_URL, lasting),
    about('cache', config.REDIS_CACHE_URL, passing),
  ]);
  return lists.flat();
}

async function about(
  name: string,
  url: string,
  judge: (name: string, found: Settings) => Finding[],
): Promise<Finding[]> {
  try {
    return judge(name, await redisSettings(url));
  } catch (error) {
    const todo = `Start it, or correct REDIS_${name.toUpperCase()}_URL.`;
    return [fault(`The ${name} Redis cannot be reached: ${reason(error)}`, todo)];
  }
}

function lasting(name: string, { evictionPolicy, appendOnly }: Settings): Finding[] {
  const what = name === 'queue' ? 'jobs' : 'claims of updates and locks';
  const findings: Finding[] = [];
  if (evictionPolicy !== 'noeviction') {
    findings.push(fault(`The ${name} Redis may evict ${what} (${evictionPolicy})`, 'Set maxmemory-policy noeviction.'));
  }
  if (!appendOnly) {
    const todo = 'Set appendonly yes. No money is lost without, but a restart forgets what was waiting for up to 30 s.';
    findings.push(
      name === 'queue'
        ? fault(`The ${name} Redis is not persistent`, todo)
        : warning(`The ${name} Redis is not persistent`, todo),
    );
  }
  return findings.length > 0 ? findings : [ok(`The ${name} Redis keeps every key and writes it down`)];
}

function passing(name: string, { evictionPolicy }: Settings): Finding[] {
  if (evictionPolicy !== 'noeviction') return [ok(`The ${name} Redis may forget (${evictionPolicy})`)];
  const todo = 'Give it a server of its own with maxmemory and maxmemory-policy allkeys-lru.';
  return [warning(`The ${name} Redis never forgets and will fill up`, todo)];
}
