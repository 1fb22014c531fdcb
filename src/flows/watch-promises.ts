// The watch over the promises: one that is found broken is told to every admin and stops new payments and sends, in all
// instances at once, until an admin says otherwise. A worker's business, since it looks at the nodes too.
import { PROMISED, type PromiseName, type PromiseResult } from '../domain/promises.ts';
import { insertAudit } from '../infra/db/audit.ts';
import { deleteDoubt, doubtsUntil, insertDoubt } from '../infra/db/doubts.ts';
import { lockSending, readSending, writeSending } from '../infra/db/switches.ts';
import { adminIds } from '../infra/db/users.ts';
import type { WorkerWorld, World } from '../world.ts';
import { commit, type Step } from './outbox.ts';
import { checkPromises, isWide, type Slice } from './promises.ts';

/** Stands in the audit where no person acted. */
const THE_HOUSE = '00000000-0000-0000-0000-000000000000';
/** A movement under way, and what missed its first way in, has shown itself by then. */
export const LOOK_AGAIN_MS = 65_000;
const LONGEST_WHY = 600;

/** Seen at one moment of the database alone: one look is enough. The others may catch something on its way. */
const AT_ONCE: readonly PromiseName[] = ['P1', 'P2', 'P3', 'P5', 'P11', 'P12'];
/** Looked at as a whole each time. Of the others a narrow look that finds nothing says nothing. */
const WHOLE: readonly PromiseName[] = ['P1', 'P2', 'P3', 'P5', 'P7', 'P9'];

/**
 * One round of the watch: looks again at what was doubted in an earlier round, looks at its slice, and acts on what is
 * broken. What one look does not prove is noted, for the first round after `LOOK_AGAIN_MS`, of whichever worker: none
 * waits for it. Doing a round twice at once tells nobody twice.
 * @returns what was found in this slice, at this look.
 */
export async function watchPromises(world: WorkerWorld, slice: Slice): Promise<PromiseResult[]> {
  await lookAgain(world);
  const atMs = world.clock.nowMs();
  const results = await checkPromises(world, { slice });
  const isDoubtful = ({ kept, promise }: PromiseResult) => kept === false && !AT_ONCE.includes(promise);
  for (const { promise } of results.filter(isDoubtful))
    await insertDoubt(world.db, { promise, slice: `${slice}`, atMs });
  await actOn(
    world,
    slice,
    results.filter((each) => !isDoubtful(each)),
  );
  return results;
}

/** The second look, over what the first one saw. A doubt that cannot be looked at now stays. */
async function lookAgain(world: WorkerWorld): Promise<void> {
  const due = await doubtsUntil(world.db, world.clock.nowMs() - LOOK_AGAIN_MS);
  for (const [, doubts] of Map.groupBy(due, ({ slice, atMs }) => `${slice} ${atMs}`)) {
    const [{ slice: name, atMs: asAtMs } = { slice: 'none', atMs: 0 }] = doubts;
    const slice = name === 'all' || name === 'none' ? name : Number(name);
    const again = (await checkPromises(world, { slice, asAtMs })).filter(({ promise }) =>
      doubts.some((each) => each.promise === promise),
    );
    await actOn(world, slice, again);
    for (const { promise, kept } of again) {
      if (kept !== undefined) await deleteDoubt(world.db, { promise, slice: name });
    }
  }
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
