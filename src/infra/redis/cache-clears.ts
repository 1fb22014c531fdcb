// What makes a cleared value stay cleared: loaders that were running at the time do not bring it back, and a clear that
// Redis could not be told of is made up for. Without this a profile changed in a bad moment would be wrong for minutes.
import type { BusMessage } from './cache-bus.ts';

/** What bentocache puts before a tag to make a key of it. */
export const TAG_PREFIX = '___bc:t:';

const MOST_OWED = 10_000;

/**
 * Clears that could not reach Redis are remembered, and made when it is back.
 * @param failures counts the calls to Redis that failed: the library below keeps them to itself.
 */
export function owedClears(
  failures: () => number,
  clearers: Record<'keys' | 'tags' | 'patterns', (names: string[]) => Promise<void>>,
) {
  type Kind = keyof typeof clearers;
  const owed: Record<Kind, Set<string>> = { keys: new Set(), tags: new Set(), patterns: new Set() };
  async function clear(kind: Kind, names: readonly string[]): Promise<void> {
    const failedBefore = failures();
    const failed = await clearers[kind]([...names]).then(
      () => failures() !== failedBefore,
      () => true,
    );
    if (!failed) return;
    for (const name of names) owed[kind].add(name);
    // Too many to remember one by one: then all of it goes.
    if (owed[kind].size > MOST_OWED) owed.patterns.add('*');
    if (owed[kind].size > MOST_OWED) owed[kind].clear();
  }
  return {
    clear,
    /** Makes the clears that are owed; those that fail again stay owed. */
    async settle(): Promise<void> {
      for (const kind of ['keys', 'tags', 'patterns'] as const) {
        const names = [...owed[kind]];
        owed[kind].clear();
        if (names.length > 0) await clear(kind, names);
      }
    },
  };
}

type Load = { key: string; tags: readonly string[]; cleared: boolean };

/** The loaders running now, so that nobody runs a second one and none brings back what was cleared meanwhile. */
export function trackLoads() {
  const running = new Set<Load>();
  const shared = new Map<string, Promise<unknown>>();
  return {
    begin(key: string, tags: readonly string[]): Load {
      const load = { key, tags, cleared: false };
      running.add(load);
      return load;
    },
    end: (load: Load) => void running.delete(load),
    shared<T>(key: string, start: () => Promise<T>): Promise<T> {
      const present = shared.get(key);
      if (present) return present as Promise<T>;
      const promise = start().finally(() => {
        if (shared.get(key) === promise) shared.delete(key);
      });
      shared.set(key, promise);
      return promise;
    },
    heard({ type, keys }: BusMessage): void {
      for (const load of running) {
        const names = [load.key, ...load.tags.map((tag) => TAG_PREFIX + tag)];
        if (type !== 'clear' && !names.some((name) => keys.includes(name))) continue;
        load.cleared = true;
        shared.delete(load.key);
      }
    },
  };
}
