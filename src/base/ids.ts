// Ids are UUIDv7 made at the edge: the draft a person confirms is the payment's id, so that doing a thing twice is
// doing it once. Further legs of one movement get ids derived from its id, inside the same month.
import { createHash, randomBytes } from 'node:crypto';
import { v7 } from 'uuid';
import type { Clock } from './clock.ts';

/** Makes fresh ids. */
export type Ids = {
  /** A new UUIDv7 of the clock's present millisecond, rising within one process. */
  next(): string;
};

/** Unpredictable bytes. */
export type Random = {
  bytes(count: number): Buffer;
  /** A number from 0 (included) to 1 (excluded), for jitter and choices; never for secrets. */
  fraction(): number;
};

// Asking the system costs as much for 16 bytes as for thousands.
const STOCK_BYTES = 8_192;

/** Randomness from the operating system. Each byte is given out once. */
export function systemRandom(): Random {
  let stock = Buffer.alloc(0);
  let used = 0;
  const bytes = (count: number) => {
    if (count > STOCK_BYTES) return randomBytes(count);
    if (used + count > stock.length) {
      stock = randomBytes(STOCK_BYTES);
      used = 0;
    }
    used += count;
    return stock.subarray(used - count, used);
  };
  return { bytes, fraction: () => bytes(4).readUInt32BE() / 2 ** 32 };
}

/** UUIDv7 from the given clock and randomness. */
export function uuidIds(clock: Clock, random: Random): Ids {
  let lastMs = 0;
  let sequence = 0;
  return {
    next() {
      const nowMs = Math.max(clock.nowMs(), lastMs);
      sequence = nowMs === lastMs ? sequence + 1 : random.bytes(3).readUIntBE(0, 3);
      lastMs = nowMs;
      return v7({ msecs: nowMs, seq: sequence, random: random.bytes(16) });
    },
  };
}

/**
 * The id of the n-th further leg of a movement: the same 48 bits of time as `base`, the rest a hash of both, so all
 * legs lie in one monthly partition and anyone can compute them again.
 */
export function legId(base: string, leg: number | string): string {
  const hash = createHash('sha256').update(`${base}/${leg}`).digest('hex');
  const variant = ((Number.parseInt(hash.charAt(3), 16) & 0x3) | 0x8).toString(16);
  return `${base.slice(0, 13)}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}

/** The moment in a UUIDv7, in milliseconds since 1970. Throws on any other id. */
export function idTimeMs(id: string): number {
  if (!isId(id)) throw new Error('not a UUIDv7');
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** Whether the text is a UUIDv7 in lower case. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text);
}
