// The process's own timers, time and chance, put on the run's: libraries that know nothing of the house's clock (the
// policy of outside calls among them) keep virtual time with it. Only for a process that does nothing but simulate.
import type { Dice } from './dice.ts';

const real = {
  setImmediate: globalThis.setImmediate,
  setTimeout: globalThis.setTimeout,
  dateNow: Date.now,
  performanceNow: performance.now.bind(performance),
};

/** What of a run keeps time. */
type Timekeeper = {
  readonly now: number;
  after(afterMs: number, label: string, life: undefined, run: () => unknown): { isOff: boolean };
};

let machine: Timekeeper | undefined;
let chance: Dice | undefined;
let immediates = 0;

/** The host's steady clock. */
export const realNowMs = real.performanceNow;

/** Puts time and chance of this process on a run's; undefined gives the host's back. */
export function keepTimeOf(run: { machine: Timekeeper; dice: Dice } | undefined): void {
  machine = run?.machine;
  chance = run?.dice;
}

/** Resolves when nothing is left that would run by itself. */
export async function allQuiet(): Promise<void> {
  do await new Promise<void>((resolve) => real.setImmediate(resolve));
  while (immediates > 0);
}

type Timer = { isOff: boolean; unref(): Timer; ref(): Timer; hasRef(): boolean };

function later(run: (...given: unknown[]) => void, ms: number, given: unknown[]): unknown {
  if (!machine) return real.setTimeout(run, ms, ...given);
  const planned = machine.after(ms ?? 0, 'timer', undefined, () => run(...given));
  const timer: Timer = Object.assign(planned, { unref: () => timer, ref: () => timer, hasRef: () => true });
  return timer;
}

function callOff(clear: (timer: unknown) => void): (timer: unknown) => void {
  return (timer) => {
    if (timer && typeof timer === 'object' && 'isOff' in timer) timer.isOff = true;
    else clear(timer);
  };
}

/** Once in a process, before anything of the house runs. */
export function install(): void {
  const { clearTimeout } = globalThis;
  Object.assign(globalThis, {
    setTimeout: (run: (...given: unknown[]) => void, ms: number, ...given: unknown[]) => later(run, ms, given),
    clearTimeout: callOff(clearTimeout as (timer: unknown) => void),
    setImmediate: (run: (...given: unknown[]) => void, ...given: unknown[]) => {
      immediates++;
      return real.setImmediate(() => {
        immediates--;
        run(...given);
      });
    },
  });
  Date.now = () => (machine ? Math.floor(machine.now) : real.dateNow());
  const { random } = Math;
  Math.random = () => (chance ? chance.fraction() : random());
}
