// From an outbox row to a finished job: rows are written as flows write them, their jobs put into the queue as the fast
// path does, and the worker's real consumer ends them. The jobs are notices that were never made, so that nothing but
// the way of a job is measured: queue, a look at the row, and the end of the outbox row.
import { setTimeout as sleep } from 'node:timers/promises';
import { inTurn, type Rig, startRig } from '../scripts/rig.ts';
import { hostClock } from '../src/base/clock.ts';
import { systemRandom, uuidIds } from '../src/base/ids.ts';
import { insertOutbox } from '../src/infra/db/outbox.ts';
import { createQueues } from '../src/infra/queue/queues.ts';
import { report } from './report.ts';

const JOBS = 30_000;
const BATCH = 50;
const WRITERS = 8;

async function measure(rig: Rig): Promise<void> {
  const clock = hostClock();
  const ids = uuidIds(clock, systemRandom());
  const queues = createQueues({ url: rig.environment.REDIS_QUEUE_URL ?? '', clock, onError: console.error });
  const batches = Array.from({ length: JOBS / BATCH }, () => Array.from({ length: BATCH }, () => ids.next()));
  const begun = performance.now();
  await inTurn(batches, WRITERS, async (batch) => {
    const nowMs = clock.nowMs();
    const rows = batch.map((id) => ({ id, queue: 'notification', subjectId: id }));
    await insertOutbox(rig.db, rows, { nowMs, dueAtMs: nowMs + 600_000 });
    await queues.add(batch.map((id) => ({ queue: 'notification', id, traceId: id })));
  });
  const writtenMs = performance.now() - begun;
  while ((await left(rig)) > 0) await sleep(20);
  const seconds = (performance.now() - begun) / 1_000;
  await queues.close();
  await rig.checkBooks();
  report(
    'queue',
    [{ name: 'per_second', value: JOBS / seconds, goal: 3_000, better: 'higher' }],
    [`${JOBS} jobs in ${seconds.toFixed(1)} s, all of them written after ${(writtenMs / 1_000).toFixed(1)} s`],
  );
}

async function left(rig: Rig): Promise<number> {
  const [row] = await rig.db.query<{ left: number }>('bench.left', 'select count(*)::int4 as left from outbox', []);
  return row?.left ?? 0;
}

const rig = await startRig();
try {
  await measure(rig);
} finally {
  await rig.end();
}
