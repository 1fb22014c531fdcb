// What happens by the clock. Every worker ticks; a job's id is its period, so however many workers there are the queue
// holds it once, and a tick that runs twice does nothing twice. The relay is no job, for it is what brings jobs back.
import cron from 'node-cron';
import { pausingRelay } from '../src/flows/outbox.ts';
import type { QueueName } from '../src/infra/queue/jobs.ts';
import type { World } from '../src/world.ts';

const RELAY_EVERY_MS = 5_000;

// Seconds first. A period's name is the moment of its tick, cut to its length.
const TICKS: readonly { queue: QueueName; pattern: string; everyMs: number }[] = [
  { queue: 'reconcile', pattern: '*/5 * * * * *', everyMs: 5_000 },
  { queue: 'fx-refresh', pattern: '0 * * * * *', everyMs: 60_000 },
  { queue: 'balance-check', pattern: '30 * * * * *', everyMs: 60_000 },
  { queue: 'cleanup', pattern: '0 7 * * * *', everyMs: 3_600_000 },
];

/** Starts all ticks and runs each once at once. Gives the function that stops them. */
export function startSchedule(world: World): () => void {
  const failed = (what: string) => (error: unknown) => world.log.warn('tick failed', { what, error });
  const tick = async (queue: QueueName, everyMs: number) => {
    const period = Math.floor(world.clock.nowMs() / everyMs);
    await world.queues.add([{ queue, id: `period-${everyMs}-${period}`, traceId: `${queue}-${period}` }]);
  };
  const tasks = TICKS.map(({ queue, pattern, everyMs }) => {
    tick(queue, everyMs).catch(failed(queue));
    return cron.schedule(pattern, () => tick(queue, everyMs).catch(failed(queue)), { noOverlap: true });
  });
  const relay = pausingRelay(world);
  const stopRelay = world.clock.every(RELAY_EVERY_MS, async () => void (await relay()), failed('relay'));
  return () => {
    stopRelay();
    for (const task of tasks) void task.stop();
  };
}
