// Freezing a person: they receive and look as before, but nothing leaves their wallet, until an admin says otherwise. The
// functions that take money ask for it themselves under the lock that is held here alone, so when it is done no send or
// payment that had not seen it is still to come. A payment confirmed before waits with its hold if no node has it yet.
import { Refusal } from '../base/errors.ts';
import { deleteFreeze, insertFreeze } from '../infra/db/freezes.ts';
import { lockRails } from '../infra/db/rails.ts';
import { findUser } from '../infra/db/users.ts';
import type { World } from '../world.ts';
import { mustBeAdmin, writeDown } from './admin.ts';
import { type Named, personNamed } from './admin-people.ts';
import { nameOf } from './wallets.ts';

export const LONGEST_REASON = 200;

/** `isNew` is false when it stood so before; the first reason stays. */
export type Frozen = { readonly name: string; readonly isNew: boolean };

/** Freezes a person, audited with the reason. Throws Refusal not_allowed, person_unknown. */
export async function freeze(world: World, userId: string, given: Named & { why: string }): Promise<Frozen> {
  await mustBeAdmin(world, userId, 'freeze');
  const { id, name } = await person(world, given);
  const why = given.why.trim().slice(0, LONGEST_REASON);
  const isNew = await world.db.transaction('freeze', async (tx) => {
    await lockRails(tx);
    await writeDown(world, tx, userId, 'freeze', { user: id, why });
    return insertFreeze(tx, { userId: id, why, by: userId, nowMs: world.clock.nowMs() });
  });
  return { name, isNew };
}

/** Lets a person's sats leave again, audited. Throws Refusal not_allowed, person_unknown. */
export async function unfreeze(world: World, userId: string, given: Named): Promise<Frozen> {
  await mustBeAdmin(world, userId, 'unfreeze');
  const { id, name } = await person(world, given);
  const isNew = await world.db.transaction('unfreeze', async (tx) => {
    await lockRails(tx);
    await writeDown(world, tx, userId, 'unfreeze', { user: id });
    return deleteFreeze(tx, id);
  });
  return { name, isNew };
}

async function person(world: World, named: Named): Promise<{ id: string; name: string }> {
  const id = await personNamed(world, named);
  const user = await findUser(world.db, id);
  if (!user) throw new Refusal('person_unknown');
  return { id, name: nameOf(user) };
}
