// A process of a run, as far as dying and freezing go.
import type { Dice } from './dice.ts';

/** One simulated process. */
export type Life = {
  readonly name: string;
  readonly dice: Dice;
  isAlive: boolean;
  frozenUntil: number;
  /** It dies at its n-th call to the outside from now. */
  fuse: { calls: number; when: 'before' | 'after' } | undefined;
  readonly onDeath: Set<() => Promise<void> | void>;
};
