// Asking for an invoice, as a bot does it: a row and a job. The row comes first, then a node (receive-node.ts, in a
// worker), then the text to the person, so that nobody ever holds an invoice we do not know.
import { Refusal } from '../base/errors.ts';
import {
  INVOICE_LIFE_MS,
  LARGEST_MSAT,
  LONGEST_MEMO,
  OPEN_INVOICES_PER_USER,
  SMALLEST_MSAT,
} from '../domain/limits.ts';
import { countOpenInvoices, findInvoiceRow, insertInvoice } from '../infra/db/invoices.ts';
import type { World } from '../world.ts';
import { commit } from './outbox.ts';
import { refusalFor } from './rails.ts';

/**
 * Asks for an invoice. It comes as the notice `invoice_ready`.
 * @param given.amountMsat undefined: the payer chooses.
 * @returns the invoice's id, and whether the queue took the job (`false`: it comes later, by the relay).
 * @throws Refusal amount_too_small, amount_too_large, too_many_open, receive_paused.
 */
export async function ask(
  world: World,
  given: { userId: string; id?: string; amountMsat?: bigint; memo?: string },
): Promise<{ id: string; queued: boolean }> {
  checkAmount(given.amountMsat);
  if ((await countOpenInvoices(world.db, given.userId)) >= OPEN_INVOICES_PER_USER) {
    throw new Refusal('too_many_open', { most: String(OPEN_INVOICES_PER_USER) });
  }
  const id = given.id ?? world.ids.next();
  const { queued } = await commit(world, 'receive.ask', async ({ tx, nowMs, enqueue }) => {
    const isNew = await insertInvoice(tx, {
      id,
      userId: given.userId,
      amountMsat: given.amountMsat ?? null,
      memo: given.memo?.slice(0, LONGEST_MEMO) ?? null,
      expiresAtMs: nowMs + INVOICE_LIFE_MS,
      nowMs,
    });
    if (isNew) return enqueue('invoice', id);
    if (!(await findInvoiceRow(tx, id))) throw refusalFor(world, 'receive', 'paused');
  });
  return { id, queued };
}

/** Whether no node has made this invoice yet. */
export async function isAsked(world: World, id: string): Promise<boolean> {
  return (await findInvoiceRow(world.db, id))?.state === 'asked';
}

function checkAmount(amountMsat: bigint | undefined): void {
  if (amountMsat === undefined) return;
  if (amountMsat < SMALLEST_MSAT) throw new Refusal('amount_too_small', { leastMsat: String(SMALLEST_MSAT) });
  if (amountMsat > LARGEST_MSAT) throw new Refusal('amount_too_large', { mostMsat: String(LARGEST_MSAT) });
}
