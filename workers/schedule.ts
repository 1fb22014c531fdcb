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
  // In every zone the hour begins at a quarter of UTC's.
  { queue: 'digest', pattern: '0 */15 * * * *', everyMs: 900_000 },
];

export type Schedule = {
  stop(): void;
  /** Rejects when the last tick of some queue could not be queued, or is overdue. */
  check(): Promise<void>;
};

/** Starts all ticks and runs each once at once. */
export function startSchedule(world: World): Schedule {
  const failed = (what: string) => (error: unknown) => world.log.warn('tick failed', { what, error });
  const queuedMs = new Map(TICKS.map(({ queue }) => [queue, world.clock.monotonicMs()]));
  const tick = async (queue: QueueName, everyMs: number) => {
    const period = Math.floor(world.clock.nowMs() / everyMs);
    await world.queues.add([{ queue, id: `period-${everyMs}-${period}`, traceId: `${queue}-${period}` }]);
    queuedMs.set(queue, world.clock.monotonicMs());
  };
  const tasks = TICKS.map(({ queue, pattern, everyMs }) => {
    tick(queue, everyMs).catch(failed(queue));
    return cron.schedule(pattern, () => tick(queue, everyMs).catch(failed(queue)), { noOverlap: true });
  });
  const relay = pausingRelay(world);
  const stopRelay = world.clock.every(RELAY_EVERY_MS, async () => void (await relay()), failed('relay'));
  return {
    stop() {
      stopRelay();
      for (const task of tasks) void task.stop();
    },
    async check() {
      const nowMs = world.clock.monotonicMs();
      const late = TICKS.filter(({ queue, everyMs }) => nowMs - (queuedMs.get(queue) ?? 0) > 2 * everyMs);
      if (late.length > 0) throw new Error(`not ticking: ${late.map(({ queue }) => queue).join(', ')}`);
    },
  };
}
