// What people of a fleet do, in one call each: be paid from outside, pay, send; and what the database says of them.
import type { Phone } from '../../sandbox/telegram/person.ts';
import type { MessageView } from '../../sandbox/telegram/view.ts';
import type { Rig } from '../../scripts/rig.ts';

const REQUEST = /ln[a-z]+1?[0-9a-z]{100,}/i;

/** A card that asks for a yes; other news have buttons too. */
export const isCard = (message: MessageView): boolean => confirmOf(message) !== undefined;

const confirmOf = (message: MessageView): string | undefined =>
  message.buttons.flat().find((button) => button.callback_data?.startsWith('confirm:'))?.callback_data;

/** An invoice of ours for this person, not paid yet. */
export async function invoiceFor(phone: Phone, sats: bigint, waitMs = 20_000): Promise<string> {
  const message = await phone.ask(`/receive ${sats}`, REQUEST, waitMs);
  const request = REQUEST.exec(message.text)?.[0];
  if (!request) throw new Error('there is no invoice in the message');
  return request.toLowerCase();
}

/** Pastes a request and confirms it; gives the id of the payment. Does not wait for what becomes of it. */
export async function confirmPay(phone: Phone, request: string, waitMs = 20_000): Promise<string> {
  const card = await phone.ask(request, isCard, waitMs);
  const id = draftOf(card);
  phone.press(/Pay/);
  return id;
}

/** The draft that a card asks to confirm. */
export function draftOf(card: MessageView): string {
  const id = confirmOf(card)?.slice('confirm:'.length);
  if (!id) throw new Error(`this is no card to confirm: ${card.text}`);
  return id;
}

/** Any question to the database, as its owner. */
export function look<Row = Record<string, unknown>>(rig: Rig, text: string, values: unknown[] = []): Promise<Row[]> {
  return rig.db.query<Row>(`test.${text.slice(0, 40)}.${text.length}`, text, values);
}

/** How many notices of each kind there are about a subject, as `kind` or `kind ×2`, sorted. */
export async function toldAbout(rig: Rig, subjectId: string): Promise<string[]> {
  const text = 'select kind, count(*)::int4 as count from notices where subject_id = $1 group by kind order by kind';
  const rows = await look<{ kind: string; count: number }>(rig, text, [subjectId]);
  return rows.map(({ kind, count }) => (count === 1 ? kind : `${kind} ×${count}`));
}

/** What somebody has: available and held, in millisatoshi. */
export async function balanceOf(rig: Rig, phone: Phone): Promise<{ availableMsat: bigint; heldMsat: bigint }> {
  const [row] = await look<{ availableMsat: bigint; heldMsat: bigint }>(
    rig,
    `select a.credits_posted - a.debits_posted - a.debits_pending as "availableMsat", a.debits_pending as "heldMsat"
     from accounts a join users u on u.wallet_id = a.id join identities i on i.user_id = u.id
     where i.channel = 'telegram' and i.external_id = $1`,
    [String(phone.id)],
  );
  if (!row) throw new Error('they have no wallet');
  return row;
}
