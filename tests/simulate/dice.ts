// Chance that can be had again: a stream of numbers that a text decides. Every part of a run has a stream of its own, so
// that taking one operation out of a story changes as little as possible of the rest.
import { createHash } from 'node:crypto';
import type { Random } from '../../src/base/ids.ts';

export type Dice = {
  /** From 0 (included) to 1 (excluded). */
  fraction(): number;
  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number;
  chance(probability: number): boolean;
  /** One of them; throws on none. */
  pick<T>(items: readonly T[]): T;
  /** Mostly short, sometimes long: a wait of `usual` on the average. */
  wait(usual: number): number;
  /** The same, but one in twelve is fifty times as long: whoever is late meets what others did meanwhile. */
  hop(usual: number): number;
  bytes(count: number): Buffer;
};

/** The stream of this text. */
export function dice(text: string): Dice {
  const seed = createHash('sha256').update(text).digest();
  let a = seed.readUInt32LE(0);
  let b = seed.readUInt32LE(4);
  let c = seed.readUInt32LE(8);
  let count = 1;
  // sfc32, of the PractRand suite.
  const next = () => {
    const sum = (((a + b) | 0) + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  const fraction = () => next() / 2 ** 32;
  const whole = (from: number, to: number) => from + Math.floor(fraction() * (to - from + 1));
  return {
    fraction,
    whole,
    chance: (probability) => fraction() < probability,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new Error('nothing to choose from');
      return items[whole(0, items.length - 1)] as T;
    },
    wait: (usual) => -Math.log(1 - fraction()) * usual,
    hop: (usual) => -Math.log(1 - fraction()) * usual * (fraction() < 1 / 12 ? 50 : 1),
    bytes(length) {
      const bytes = Buffer.alloc(length);
      for (let i = 0; i < length; i++) bytes[i] = next() & 0xff;
      return bytes;
    },
  };
}

/** The same as the house's `Random`. */
export function randomOf({ bytes, fraction }: Dice): Random {
  return { bytes, fraction };
}
