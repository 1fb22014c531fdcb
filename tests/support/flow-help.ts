// What the tests of flows ask again and again: what somebody has, what they were told, what a row says.
import { createHash } from 'node:crypto';
import { vi } from 'vitest';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { balance } from '../../src/flows/wallets.ts';
import { findPayment, type PaymentRow } from '../../src/infra/db/payments.ts';
import type { WorkerWorld, World } from '../../src/world.ts';
import type { House, Person } from './house.ts';

/** Any question to the database. */
export function ask<Row = Record<string, unknown>>(world: World, text: string, values: unknown[] = []): Promise<Row[]> {
  return world.db.query<Row>(`test.${createHash('md5').update(text).digest('hex')}`, text, values);
}

export const available = async (world: World, { walletId }: Person) => (await balance(world, walletId)).availableMsat;
export const held = async (world: World, { walletId }: Person) => (await balance(world, walletId)).heldMsat;

/** How many notices of each kind there are about a subject, as `kind` or `kind ×2`, sorted. */
export async function told(world: World, subjectId: string): Promise<string[]> {
  const text = 'select kind, count(*)::int4 as count from notices where subject_id = $1 group by kind order by kind';
  const rows = await ask<{ kind: string; count: number }>(world, text, [subjectId]);
  return rows.map(({ kind, count }) => (count === 1 ? kind : `${kind} ×${count}`));
}

export async function paymentOf(world: World, id: string): Promise<PaymentRow> {
  const row = await findPayment(world.db, id);
  if (!row) throw new Error('there is no such payment');
  return row;
}

export type OutsideWish = Parameters<House['outside']['makeInvoice']>[0];

/** An invoice from elsewhere, read and held for by a person: the payment's job is what comes next. */
export async function hold(house: House, person: Person, wish: OutsideWish, world: World = house.world) {
  const { hash, request: raw } = await house.outside.makeInvoice({ expiresInS: 30 * 24 * 3600, ...wish });
  const draft = await pay.quote(world, { ...person, raw, ...(wish.amountMsat ? {} : { amountMsat: 5_000_000n }) });
  await pay.start(world, draft);
  return { draft, id: draft.id, hash, raw };
}

/** Runs the payment's job and waits for its end. */
export async function run(world: WorkerWorld, id: string, timeout = 8_000): Promise<PaymentRow> {
  await execute(world, id);
  return ended(world, id, timeout);
}

export async function ended(world: World, id: string, timeout = 8_000): Promise<PaymentRow> {
  return vi.waitFor(
    async () => {
      const row = await paymentOf(world, id);
      if (row.state === 'held' || row.state === 'sending') throw new Error(`the payment is still ${row.state}`);
      return row;
    },
    { timeout, interval: 20 },
  );
}
