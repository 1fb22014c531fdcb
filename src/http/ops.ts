// What operators and their machines ask of a process: how it is (`/health`, with each part's state and latency), whether
// to send it work (`/ready`), and its measures (`/metrics`). Nothing here tells an address, a name or a secret.
import type { Clock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import { outside } from '../base/outside.ts';
import type { HttpServer } from './server.ts';

/** One thing the process needs. `check` rejects when it cannot be used. Without a `vital` part nobody can be served. */
export type Component = { readonly name: string; readonly vital: boolean; readonly check: () => Promise<unknown> };

export type Health = {
  readonly state: 'healthy' | 'degraded' | 'unhealthy';
  readonly components: Readonly<Record<string, { readonly state: 'up' | 'down'; readonly latencyMs: number }>>;
};

const CHECK_DEADLINE_MS = 1_000;

/** Asks every component, all at once and none longer than a second. */
export async function healthOf(clock: Clock, components: readonly Component[]): Promise<Health> {
  const results = await Promise.all(
    components.map(async ({ name, vital, check }) => {
      const started = clock.monotonicMs();
      const up = await outside(`health of ${name}`, { deadlineMs: CHECK_DEADLINE_MS })(async () => check()).then(
        () => true,
        () => false,
      );
      return { name, vital, up, latencyMs: Math.round((clock.monotonicMs() - started) * 10) / 10 };
    }),
  );
  const down = results.filter(({ up }) => !up);
  return {
    state: down.length === 0 ? 'healthy' : down.some(({ vital }) => vital) ? 'unhealthy' : 'degraded',
    components: Object.fromEntries(
      results.map(({ name, up, latencyMs }) => [name, { state: up ? 'up' : 'down', latencyMs }] as const),
    ),
  };
}

/**
 * Adds the three paths. `/health` answers 503 when unhealthy; `/ready` answers 503 when unhealthy or when the process
 * does not take work any more.
 */
export function addOps(
  server: HttpServer,
  options: { clock: Clock; metrics: Metrics; components: readonly Component[]; takesWork: () => boolean },
): void {
  const { clock, metrics, components, takesWork } = options;
  server.route('GET', '/health', async () => {
    const health = await healthOf(clock, components);
    return { status: health.state === 'unhealthy' ? 503 : 200, body: health };
  });
  server.route('GET', '/ready', async () => {
    if (!takesWork()) return { status: 503, body: { ready: false } };
    const ready = (await healthOf(clock, components)).state !== 'unhealthy';
    return { status: ready ? 200 : 503, body: { ready } };
  });
  server.route('GET', '/metrics', async () => ({
    status: 200,
    headers: { 'content-type': metrics.contentType },
    body: await metrics.text(),
  }));
}
