// Who is an admin: each may name another and take the role from any, but never from the last one, since then only a hand
// at the database could give it again.
import { Refusal } from '../base/errors.ts';
import { type AdminRow, adminRows, lockAdmins, setRole } from '../infra/db/people.ts';
import { deletePin } from '../infra/db/pins.ts';
import { findUser } from '../infra/db/users.ts';
import { dropWebSession } from '../infra/redis/web.ts';
import type { World } from '../world.ts';
import { mayLook, mustBeAdmin, writeDown } from './admin.ts';
import { type Named, personNamed } from './admin-people.ts';
import { nameOf } from './wallets.ts';

/** Everyone who is an admin now. Throws Refusal not_allowed. */
export async function admins(world: World, userId: string): Promise<AdminRow[]> {
  await mayLook(world, userId, 'admins');
  return adminRows(world.db);
}

/** `changed` is false when it stood so before. */
export type RoleTurn = { readonly name: string; readonly changed: boolean };

/** Makes somebody an admin, audited. Throws Refusal not_allowed, person_unknown. */
export async function addAdmin(world: World, userId: string, named: Named): Promise<RoleTurn> {
  return turn(world, userId, named, 'add_admin');
}

/** Takes the role away, audited. Throws Refusal not_allowed, person_unknown, last_admin. */
export async function removeAdmin(world: World, userId: string, named: Named): Promise<RoleTurn> {
  return turn(world, userId, named, 'remove_admin');
}

async function turn(world: World, userId: string, named: Named, act: 'add_admin' | 'remove_admin'): Promise<RoleTurn> {
  await mustBeAdmin(world, userId, act);
  const id = await personNamed(world, named);
  const changed = await world.db.transaction(`admins.${act}`, async (tx) => {
    const present = await lockAdmins(tx);
    // Of two who remove each other at the same time, the later is no admin any more.
    if (!present.includes(userId)) throw new Refusal('not_allowed');
    if (act === 'remove_admin' && present.length === 1 && present[0] === id) throw new Refusal('last_admin');
    await writeDown(world, tx, userId, act, { user: id });
    // Whoever is made one again begins with a PIN of their own choice.
    if (act === 'remove_admin') await deletePin(tx, id);
    return setRole(tx, id, act === 'add_admin' ? 'admin' : 'person');
  });
  // The pages ask for the role each time; this is for whoever is made one again within half an hour.
  if (act === 'remove_admin') await dropWebSession(world.sessions, id).catch(() => {});
  const user = await findUser(world.db, id);
  return { name: user ? nameOf(user) : id, changed };
}
