// The watch over the promises: one that is found broken is told to every admin and stops new payments and sends, in all
// instances at once, until an admin says otherwise. A worker's business, since it looks at the nodes too.
import { PROMISED, type PromiseName, type PromiseResult } from '../domain/promises.ts';
import { insertAudit } from '../infra/db/audit.ts';
import { lockSending, readSending, writeSending } from '../infra/db/switches.ts';
import { adminIds } from '../infra/db/users.ts';
import type { WorkerWorld, World } from '../world.ts';
import { commit, type Step } from './outbox.ts';
import { checkPromises, isWide, type Slice } from './promises.ts';

/** Stands in the audit where no person acted. */
const THE_HOUSE = '00000000-0000-0000-0000-000000000000';
/** A movement under way, and what missed its first way in, has shown itself by then. */
const LOOK_AGAIN_MS = 65_000;
const LONGEST_WHY = 600;

/** Seen at one moment of the database alone: one look is enough. The others may catch something on its way. */
const AT_ONCE: readonly PromiseName[] = ['P1', 'P2', 'P3', 'P5', 'P11', 'P12'];
/** Looked at as a whole each time. Of the others a narrow look that finds nothing says nothing. */
const WHOLE: readonly PromiseName[] = ['P1', 'P2', 'P3', 'P5', 'P7', 'P9'];

/**
 * One round of the watch: looks, looks again where once is not enough, and acts on what is broken. Doing it twice at
 * once tells nobody twice.
 */
export async function watchPromises(world: WorkerWorld, slice: Slice): Promise<PromiseResult[]> {
  const first = await checkPromises(world, { slice });
  await actOn(
    world,
    slice,
    first.filter(({ kept, promise }) => kept !== false || AT_ONCE.includes(promise)),
  );
  const doubtful = first.filter(({ kept, promise }) => kept === false && !AT_ONCE.includes(promise));
  if (doubtful.length === 0) return first;
  await world.clock.sleep(LOOK_AGAIN_MS);
  const again = (await checkPromises(world, { slice })).filter(({ promise }) =>
    doubtful.some((each) => each.promise === promise),
  );
  await actOn(world, slice, again);
  return first.map((each) => again.find(({ promise }) => promise === each.promise) ?? each);
}

async function actOn(world: WorkerWorld, slice: Slice, results: readonly PromiseResult[]): Promise<void> {
  const broken = results.filter(({ kept }) => kept === false);
  for (const { promise, why } of broken) {
    world.log.error('a promise is broken', { promise, promised: PROMISED[promise], why });
  }
  const { known } = await readSending(world.db);
  if (broken.length === 0 && known.length === 0) return;
  const healed = results.filter(({ kept, promise }) => kept === true && (isWide(slice) || WHOLE.includes(promise)));
  await commit(world, 'promises.act', async (step) => {
    const before = await lockSending(step.tx);
    const fresh = broken.filter(({ promise }) => !before.known.includes(promise));
    // While sending is stopped every break stays named; an admin who switches it on has seen them.
    const still = before.isOn
      ? before.known.filter((name) => !healed.some(({ promise }) => promise === name))
      : before.known;
    const after = [...still, ...fresh.map(({ promise }) => promise)];
    if (fresh.length > 0) return stop(world, step, fresh, after);
    if (after.length !== before.known.length) await writeSending(step.tx, { ...before, known: after });
  });
}

async function stop(world: World, step: Step, fresh: readonly PromiseResult[], known: string[]): Promise<void> {
  const { tx, nowMs } = step;
  const why = fresh
    .map((each) => `${each.promise}: ${each.why}`)
    .join('\n')
    .slice(0, LONGEST_WHY);
  const promises = fresh.map(({ promise }) => promise);
  await writeSending(tx, { isOn: false, why, by: world.instanceId, atMs: nowMs, known });
  const id = world.ids.next();
  const details = { by: world.instanceId, promises, why };
  await insertAudit(tx, { id, actorId: THE_HOUSE, action: 'sending_off', details, nowMs });
  for (const userId of await adminIds(tx)) await step.tell(userId, id, { kind: 'promise_broken', promises, why });
}
