// How a process is, by its parts: each asked with a deadline, all at once, and none more often than once a second however
// many ask, so that looking costs nothing and never hangs. Since when a part is up or down is told by this process alone.
import type { Clock } from '../base/clock.ts';
import { outside } from '../base/outside.ts';
import { withoutTrace } from '../base/trace.ts';

/**
 * One thing the process needs. `check` rejects when it cannot be used. Without a `vital` part nobody can be served.
 * `everyMs`: asked that seldom, for what belongs to others.
 */
export type Component = {
  readonly name: string;
  readonly vital: boolean;
  readonly everyMs?: number;
  readonly check: () => Promise<unknown>;
};

export type ComponentHealth = {
  readonly state: 'up' | 'down';
  readonly vital: boolean;
  readonly latencyMs: number;
  /** Since when it is so, as far as this process has seen. */
  readonly since: string;
};

export type Health = {
  readonly state: 'healthy' | 'degraded' | 'unhealthy';
  readonly components: Readonly<Record<string, ComponentHealth>>;
};

export type HealthLook = {
  /** All components. Never rejects, and takes little more than a second. */
  now(): Promise<Health>;
  /** Whether every vital component is up; the others are not asked. */
  isServing(): Promise<boolean>;
};

const CHECK_DEADLINE_MS = 1_000;
const LEAST_EVERY_MS = 1_000;

/**
 * @param components asked anew at each look, for some come and go.
 * @param onChange hears of each part that went down, and of each that came back.
 */
export function watchHealth(
  clock: Clock,
  components: () => readonly Component[],
  onChange: (name: string, state: 'up' | 'down') => void = () => {},
): HealthLook {
  const looks = new Map<string, (component: Component) => Promise<ComponentHealth>>();
  const look = (component: Component) => {
    const found = looks.get(component.name) ?? lookAt(clock, (state) => onChange(component.name, state));
    looks.set(component.name, found);
    return found(component);
  };
  return {
    async now() {
      const asked = components();
      for (const name of looks.keys()) if (!asked.some((each) => each.name === name)) looks.delete(name);
      const results = await Promise.all(asked.map(async (each) => [each.name, await look(each)] as const));
      return { state: stateOf(results.map(([, health]) => health)), components: Object.fromEntries(results) };
    },
    async isServing() {
      const vital = await Promise.all(components().flatMap((each) => (each.vital ? [look(each)] : [])));
      return vital.every(({ state }) => state === 'up');
    },
  };
}

/** Asks every component once. */
export function healthOf(clock: Clock, components: readonly Component[]): Promise<Health> {
  return watchHealth(clock, () => components).now();
}

function stateOf(parts: readonly ComponentHealth[]): Health['state'] {
  const down = parts.filter(({ state }) => state === 'down');
  if (down.length === 0) return 'healthy';
  return down.some(({ vital }) => vital) ? 'unhealthy' : 'degraded';
}

/** The look at one component, shared by all who ask within its time. */
function lookAt(clock: Clock, onChange: (state: 'up' | 'down') => void) {
  let last: { readonly atMs: number; readonly result: Promise<ComponentHealth> } | undefined;
  let known: Pick<ComponentHealth, 'state' | 'since'> | undefined;
  const ask = async ({ name, vital, check }: Component): Promise<ComponentHealth> => {
    const begunMs = clock.monotonicMs();
    const state = await outside(`health of ${name}`, { deadlineMs: CHECK_DEADLINE_MS })(async () => check()).then(
      () => 'up' as const,
      () => 'down' as const,
    );
    const latencyMs = Math.round((clock.monotonicMs() - begunMs) * 10) / 10;
    if (known?.state !== state) {
      if (known || state === 'down') onChange(state);
      known = { state, since: new Date(clock.nowMs()).toISOString() };
    }
    return { state, vital, latencyMs, since: known.since };
  };
  return (component: Component) => {
    const nowMs = clock.monotonicMs();
    if (!last || nowMs - last.atMs >= (component.everyMs ?? LEAST_EVERY_MS)) {
      last = { atMs: nowMs, result: withoutTrace(() => ask(component)) };
    }
    return last.result;
  };
}
