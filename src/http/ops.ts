// What operators and their machines ask of a process: how it is (`/health`, with each part's state, latency and since
// when), whether to send it work (`/ready`), and its measures (`/metrics`). Nothing here tells an address or a secret.
import type { Clock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import { type Component, watchHealth } from './health.ts';
import type { HttpServer } from './server.ts';

/** Parts are looked at also when nobody asks, so that "since when" is true. */
const LOOK_EVERY_MS = 15_000;

/**
 * Adds the three paths, and gives the function that ends the looking. `/health` answers 503 when unhealthy; `/ready`
 * answers 503 when a vital component is down or when the process does not take work any more.
 */
export function addOps(
  server: HttpServer,
  options: {
    clock: Clock;
    metrics: Metrics;
    components: () => readonly Component[];
    takesWork: () => boolean;
    /** Hears of each component that goes down or comes back. */
    onChange?: (name: string, state: 'up' | 'down') => void;
  },
): () => void {
  const { clock, metrics, components, takesWork, onChange } = options;
  const health = watchHealth(clock, components, onChange);
  server.route('GET', '/health', async () => {
    const found = await health.now();
    const isLeaving = !takesWork();
    return { status: found.state === 'unhealthy' ? 503 : 200, body: { ...found, ...(isLeaving && { leaving: true }) } };
  });
  server.route('GET', '/ready', async () => {
    const ready = takesWork() && (await health.isServing());
    return { status: ready ? 200 : 503, body: { ready } };
  });
  server.route('GET', '/metrics', async () => ({
    status: 200,
    headers: { 'content-type': metrics.contentType },
    body: await metrics.text(),
  }));
  return clock.every(
    LOOK_EVERY_MS,
    async () => void (await health.now()),
    () => {},
  );
}
