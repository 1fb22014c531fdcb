// Chance that can be repeated: the same seed gives the same throws.

export type Dice = {
  /** From 0 up to, but not, 1. */
  fraction(): number;
  /** A whole number, both ends included. */
  whole(from: number, to: number): number;
  /** One of them. Throws when there is none. */
  one<T>(list: readonly T[]): T;
  shuffled<T>(list: readonly T[]): T[];
  /** A waiting time whose mean is this, as between events that know nothing of each other. */
  pause(meanMs: number): number;
};

export function dice(seed: number): Dice {
  let state = seed >>> 0;
  // mulberry32: 32 bits of state, enough for a game.
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (from: number, to: number) => from + Math.floor(fraction() * (to - from + 1));
  return {
    fraction,
    whole,
    one(list) {
      if (list.length === 0) throw new Error('nothing to choose from');
      return list[whole(0, list.length - 1)] as (typeof list)[number];
    },
    shuffled(list) {
      const mixed = [...list];
      for (let last = mixed.length - 1; last > 0; last--) {
        const at = whole(0, last);
        [mixed[last], mixed[at]] = [mixed[at] as (typeof list)[number], mixed[last] as (typeof list)[number]];
      }
      return mixed;
    },
    pause: (meanMs) => -Math.log(1 - fraction()) * meanMs,
  };
}
