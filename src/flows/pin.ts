// The PIN of an admin, asked before what moves money or people. Five tries, then none for an hour, counted in the database
// and before each is judged, so that neither many bots at once nor an emptied Redis gives more. It is kept only as a slow
// hash under a secret that does not stand in the database, and is part of no log, job or session.
import { createHmac, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Refusal } from '../base/errors.ts';
import { findPin, forgivePinTries, savePin, takePinTry } from '../infra/db/pins.ts';
import { dropUnlocked, isUnlocked, keepUnlocked } from '../infra/redis/unlocked.ts';
import type { World } from '../world.ts';
import { mustBeAdmin, writeDown } from './admin.ts';

const MOST_TRIES = 5;
const LOCKED_MS = 60 * 60_000;
const UNLOCKED_MS = 10 * 60_000;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const FORM = /^\d{6,12}$/;
// Some 50 ms and 16 MB a try.
const COST = { N: 16_384, r: 8, p: 1 } as const;

const slowHash = promisify<string, Buffer, number, typeof COST, Buffer>(scrypt);

/** `unset`: there is none. `closed`: it must be given first. `open`: it was, in the last ten minutes. */
export type PinState = 'unset' | 'closed' | 'open';

/** How it stands. Throws Refusal not_allowed, Unavailable. */
export async function pinState(world: World, userId: string): Promise<PinState> {
  await mustBeAdmin(world, userId, 'pin');
  if (!(await findPin(world.db, userId))) return 'unset';
  return (await isUnlocked(world.sessions, userId)) ? 'open' : 'closed';
}

/**
 * Proves an admin by their PIN, for ten minutes.
 * @throws Refusal not_allowed, pin_unset, pin_wrong, pin_locked. Unavailable.
 */
export async function unlock(world: World, userId: string, pin: string): Promise<void> {
  await mustBeAdmin(world, userId, 'pin');
  const nowMs = world.clock.nowMs();
  const tried = await takePinTry(world.db, { userId, most: MOST_TRIES, lockedMs: LOCKED_MS, nowMs });
  if (!tried) throw new Refusal((await findPin(world.db, userId)) ? 'pin_locked' : 'pin_unset');
  const given = await hashOf(world, userId, pin.trim(), tried.salt);
  if (!timingSafeEqual(given, Buffer.from(tried.hash, 'hex'))) {
    world.metrics.refuse('pin_wrong');
    await writeDown(world, world.db, userId, tried.left > 0 ? 'pin_wrong' : 'pin_locked', {});
    throw tried.left > 0 ? new Refusal('pin_wrong', { most: String(tried.left) }) : new Refusal('pin_locked');
  }
  await forgivePinTries(world.db, userId);
  await keepUnlocked(world.sessions, userId, UNLOCKED_MS);
}

/** Sets the PIN, audited; the old one is not asked for here. Throws Refusal not_allowed, pin_unfit. Unavailable. */
export async function setPin(world: World, userId: string, pin: string): Promise<void> {
  await mustBeAdmin(world, userId, 'pin');
  const digits = pin.trim();
  if (!FORM.test(digits) || isPlain(digits)) throw new Refusal('pin_unfit');
  const salt = world.random.bytes(SALT_BYTES).toString('hex');
  const hash = (await hashOf(world, userId, digits, salt)).toString('hex');
  await world.db.transaction('pin.set', async (tx) => {
    await writeDown(world, tx, userId, 'pin_set', {});
    await savePin(tx, { userId, salt, hash, nowMs: world.clock.nowMs() });
  });
  await dropUnlocked(world.sessions, userId);
}

/** One digit all over, or counting up or down: the first that anybody tries. */
function isPlain(digits: string): boolean {
  const steps = new Set([...digits].slice(1).map((digit, at) => Number(digit) - Number(digits[at])));
  return steps.size === 1 && [0, 1, -1].includes([...steps][0] ?? 0);
}

async function hashOf(world: World, userId: string, pin: string, salt: string): Promise<Buffer> {
  const peppered = createHmac('sha256', world.config.APP_SECRET).update(`pin/${userId}/${pin}`).digest('hex');
  return slowHash(peppered, Buffer.from(salt, 'hex'), HASH_BYTES, COST);
}
