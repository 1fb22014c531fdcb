// One way in which the world breaks. A fault names what it can hit; the storm picks one that is not being hit already.
import { until } from '../../scripts/process.ts';
import type { Dice } from './dice.ts';
import type { Field } from './field.ts';

export type Fault = {
  readonly name: string;
  /** What it can hit on this field; none: it cannot happen here. */
  targets(field: Field): readonly string[];
  /** Breaks the target; resolves when it is whole again. */
  strike(field: Field, target: string, dice: Dice): Promise<void>;
};

const BACK_MS = 90_000;

/** Waits until something that was broken is whole again. */
export function back(what: string, attempt: () => Promise<boolean>): Promise<unknown> {
  return until(`${what} is back`, BACK_MS, attempt);
}
