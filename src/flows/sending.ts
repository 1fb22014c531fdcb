// The switch that stops sending: read and turned by admins, turned off by the watch over the promises. Receiving goes on,
// and what a node has been given already still comes to its end.
import { insertAudit } from '../infra/db/audit.ts';
import { lockSending, readSending, type Sending, writeSending } from '../infra/db/switches.ts';
import type { World } from '../world.ts';
import { mayLook, mustBeAdmin } from './admin.ts';

/** How the switch stands. Throws Refusal not_allowed. */
export async function sending(world: World, userId: string): Promise<Sending> {
  await mayLook(world, userId, 'sending');
  return readSending(world.db);
}

/**
 * Turns the switch by an admin's word, audited. When it is done, every start that had seen it otherwise has ended. What is
 * broken stays known: the same break does not stop sending again.
 * @throws Refusal not_allowed.
 */
export async function turnSending(world: World, userId: string, isOn: boolean): Promise<Sending> {
  await mustBeAdmin(world, userId, 'turn_sending');
  return world.db.transaction('sending.turn', async (tx) => {
    const before = await lockSending(tx);
    if (before.isOn === isOn) return before;
    const nowMs = world.clock.nowMs();
    const after: Sending = { isOn, why: 'an admin said so', by: userId, atMs: nowMs, known: before.known };
    await writeSending(tx, after);
    const details = { known: before.known, before: before.why };
    const action = isOn ? 'sending_on' : 'sending_off';
    await insertAudit(tx, { id: world.ids.next(), actorId: userId, action, details, nowMs });
    return after;
  });
}
