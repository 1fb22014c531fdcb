// The faults, one every few seconds in an order that the seed decides, each kind as often as the others. A fault runs on
// while the next one comes; nothing that is being hit is hit again before it is whole.
import { setTimeout as sleep } from 'node:timers/promises';
import { CATALOGUE } from './catalogue.ts';
import { type Dice, dice as newDice } from './dice.ts';
import type { Fault } from './fault.ts';
import type { Field } from './field.ts';

export type Blow = {
  readonly fault: string;
  readonly target: string;
  readonly atMs: number;
  endMs: number | undefined;
};

export type Storm = {
  readonly blows: Blow[];
  /** Faults after which something did not come back, in words. */
  readonly broken: string[];
  /** Until `untilMs` of `performance.now()`, then until the last of them is over. */
  rage(untilMs: number): Promise<void>;
};

const LEAST_GAP_MS = 3_000;
const LONGEST_GAP_MS = 7_000;

export function storm(field: Field, dice: Dice, say: (line: string) => void): Storm {
  const blows: Blow[] = [];
  const broken: string[] = [];
  const hit = new Set<string>();
  const running = new Set<Promise<void>>();
  const order = faultsInOrder(dice);

  function next(): { fault: Fault; target: string } | undefined {
    for (let tries = 0; tries < 2 * CATALOGUE.length; tries++) {
      const fault = order.next().value;
      const free = fault.targets(field).filter((target) => !hit.has(target));
      if (free.length > 0) return { fault, target: dice.one(free) };
    }
    return undefined;
  }

  async function strike({ fault, target, own }: { fault: Fault; target: string; own: Dice }): Promise<void> {
    const blow: Blow = { fault: fault.name, target, atMs: performance.now(), endMs: undefined };
    blows.push(blow);
    hit.add(target);
    say(`${fault.name}: ${target}`);
    try {
      await fault.strike(field, target, own);
    } catch (error) {
      const why = error instanceof Error ? error.message : JSON.stringify(error);
      broken.push(`${fault.name}: ${target}: ${why}`);
      say(`NOT BACK: ${broken.at(-1)}`);
    }
    blow.endMs = performance.now();
    hit.delete(target);
  }

  return {
    blows,
    broken,
    async rage(untilMs) {
      while (performance.now() < untilMs) {
        const found = next();
        if (found) {
          // Dice of its own: how long it takes must not decide what comes next.
          const own = newDice(dice.whole(0, 2 ** 31));
          const blow = strike({ ...found, own }).finally(() => running.delete(blow));
          running.add(blow);
        }
        await sleep(Math.min(dice.whole(LEAST_GAP_MS, LONGEST_GAP_MS), Math.max(0, untilMs - performance.now())));
      }
      await Promise.all(running);
    },
  };
}

/** Every fault of the catalogue in turn, for ever, mixed anew each time around. */
export function* faultsInOrder(dice: Dice): Generator<Fault, never> {
  for (;;) yield* dice.shuffled(CATALOGUE);
}
