// A fleet for tests: the whole house as processes, on Redis servers that a test may end, and a World beside them to look
// into the same database and the same nodes. Every test that moves money ends with `booksAreRight(fleet.world)`.
import { type Rig, type RigOptions, startRig } from '../../scripts/rig.ts';
import { loadConfig } from '../../src/base/config.ts';
import { type Closing, makeWorld, type WorkerWorld, withLightning } from '../../src/world.ts';
import { startRedis, type TestRedis } from './redis.ts';

export type Fleet = Rig & {
  queueRedis: TestRedis;
  sessionRedis: TestRedis;
  cacheRedis: TestRedis;
  /** Consumes no queue, hears no stream: it only looks, or starts what a bot would. */
  world: WorkerWorld & Closing;
};

/** Starts everything and waits until it is ready for work. Its `end` ends everything. */
export async function openFleet(options: Omit<RigOptions, 'redis'>): Promise<Fleet> {
  const [queueRedis, sessionRedis, cacheRedis] = await Promise.all([startRedis(), startRedis(), startRedis()]);
  const redis = { queue: queueRedis.queueUrl, session: sessionRedis.sessionUrl, cache: cacheRedis.cacheUrl };
  const rig = await startRig({ ...options, redis });
  const config = loadConfig('worker', rig.environment);
  const world = await withLightning(await makeWorld('worker', config, () => {}), () => {});
  return {
    ...rig,
    queueRedis,
    sessionRedis,
    cacheRedis,
    world,
    async end() {
      await world.close();
      await rig.end();
      await Promise.all([queueRedis, sessionRedis, cacheRedis].map((server) => server.kill()));
    },
  };
}
