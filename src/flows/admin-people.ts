// One person, as far as those who help them must see: since when, what they have, what is under way. Every look is written
// down with whom it was at. No secret, no memo and no payee is among it.
import { Refusal } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import { DAY_MS } from '../domain/limits.ts';
import { livingRow, rowsEnding } from '../infra/db/events.ts';
import { type FreezeRow, findFreeze } from '../infra/db/freezes.ts';
import { balanceOf } from '../infra/db/ledger.ts';
import { type OpenPayment, openPaymentsOf, type Traces, tracesOf, usersEnding } from '../infra/db/people.ts';
import { findByUsername, findUser } from '../infra/db/users.ts';
import type { World } from '../world.ts';
import { mayLook, mustBeAdmin } from './admin.ts';
import { nameOf } from './wallets.ts';

const MOST_OPEN = 10;
const LOOK_BACK_MS = 30 * DAY_MS;
const SHORT_ID = /^[0-9a-f]{8}$/;

export type PersonSeen = Traces & {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly sinceMs: number;
  readonly language: string;
  readonly currency: string;
  readonly availableMsat: bigint;
  readonly heldMsat: bigint;
  readonly freeze: FreezeRow | undefined;
  readonly openPayments: readonly OpenPayment[];
};

/** How an admin names a person: `@name`, their id, or the short number of them or of a thing of theirs. */
export type Named = { readonly said: string; readonly channel: string };

/** Shows a person, after it was written down that they were looked at. Throws Refusal not_allowed, person_unknown. */
export async function seePerson(world: World, userId: string, named: Named): Promise<PersonSeen> {
  await mustBeAdmin(world, userId, 'user');
  const id = await personNamed(world, named);
  await mayLook(world, userId, 'user', { user: id });
  const [user, traces, freeze, openPayments] = await Promise.all([
    findUser(world.db, id),
    tracesOf(world.db, id),
    findFreeze(world.db, id),
    openPaymentsOf(world.db, id, MOST_OPEN),
  ]);
  if (!user || !traces) throw new Refusal('person_unknown');
  const { availableMsat, heldMsat } = await balanceOf(world.db, user.walletId);
  const { role, createdAtMs: sinceMs, language, currency } = user;
  return {
    ...{ id, name: nameOf(user), role, sinceMs, language, currency },
    ...{ availableMsat, heldMsat, freeze, openPayments },
    ...traces,
  };
}

/** The one person who is meant. Throws Refusal person_unknown when there is none, or more than one. */
export async function personNamed(world: World, { said, channel }: Named): Promise<string> {
  const text = said.trim().toLowerCase();
  const found = isId(text) ? await byId(world, text) : SHORT_ID.test(text) ? await byEnd(world, text) : [];
  const ids = new Set(found.length > 0 ? found : await byName(world, channel, text));
  const [id] = ids;
  if (id === undefined || ids.size > 1) throw new Refusal('person_unknown');
  return id;
}

async function byId({ db }: World, id: string): Promise<string[]> {
  if (await findUser(db, id)) return [id];
  return (await livingRow(db, id))?.userIds.slice(0, 1) ?? [];
}

async function byEnd({ db, clock }: World, end: string): Promise<string[]> {
  const users = await usersEnding(db, end);
  if (users.length > 0) return users;
  const rows = await rowsEnding(db, end, clock.nowMs() - LOOK_BACK_MS);
  // Of a send or a request, whose it is.
  return rows.flatMap(({ userIds }) => userIds.slice(0, 1));
}

async function byName({ db }: World, channel: string, text: string): Promise<string[]> {
  const username = text.replace(/^@/, '');
  if (username === '') return [];
  const person = await findByUsername(db, { channel, username });
  return person ? [person.id] : [];
}
