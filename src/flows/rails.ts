// Stopping one way in which money moves, for everybody and in all instances at once: nothing new begins on it, people are
// told so in its place, and what is under way comes to its end. Also what a person is told whose send or payment may not
// begin.
import { Refusal } from '../base/errors.ts';
import { type BeginRefusal, RAILS, type Rail } from '../domain/rails.ts';
import { lockRails, type RailRow, readRails, turnRails } from '../infra/db/rails.ts';
import type { World } from '../world.ts';
import { mayLook, mustBeAdmin, writeDown } from './admin.ts';

export type RailStand = RailRow;

/** What an admin may name: one rail, or all of them. */
export type RailWish = Rail | 'all';

export const RAIL_WISHES: readonly RailWish[] = [...RAILS, 'all'];

/** How the rails stand. Throws Refusal not_allowed. */
export async function rails(world: World, userId: string): Promise<RailStand[]> {
  await mayLook(world, userId, 'rails');
  return readRails(world.db);
}

/**
 * Pauses or resumes a rail, audited. When it is done, every start that had seen it otherwise has ended.
 * @returns the rails that stood otherwise before, and how all stand now.
 * @throws Refusal not_allowed.
 */
export async function turnRail(
  world: World,
  userId: string,
  given: { rail: RailWish; isOn: boolean },
): Promise<{ turned: readonly Rail[]; rails: readonly RailStand[] }> {
  const { rail, isOn } = given;
  const action = isOn ? 'resume' : 'pause';
  await mustBeAdmin(world, userId, action);
  return world.db.transaction('rails.turn', async (tx) => {
    await lockRails(tx);
    await writeDown(world, tx, userId, action, { rail });
    const nowMs = world.clock.nowMs();
    const wanted = rail === 'all' ? RAILS : [rail];
    const turned = await turnRails(tx, { rails: wanted, isOn, why: 'an admin said so', by: userId, nowMs });
    return { turned, rails: await readRails(tx) };
  });
}

const PAUSED = { send: 'send_paused', pay: 'pay_paused', receive: 'receive_paused' } as const;

/** The no to somebody whose money may not begin to move. */
export function refusalFor(world: World, rail: Rail, refusal: BeginRefusal): Refusal {
  if (refusal === 'stopped') return new Refusal('sending_stopped');
  if (refusal === 'paused') return new Refusal(PAUSED[rail]);
  const contact = world.config.SUPPORT_CONTACT;
  return new Refusal('wallet_frozen', contact === undefined ? {} : { contact });
}
