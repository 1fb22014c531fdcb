// The cards that stand before every movement of money: what it is, what it costs, who gets it, and one button each for
// yes and no. The button carries the draft's id, which becomes the movement's id.
import { shortId } from '../flows/history.ts';
import type { PayDraft } from '../flows/pay.ts';
import type { SendDraft } from '../flows/send.ts';
import { dayTime, money, rateLine, type View } from './format.ts';
import type { Button, Reply } from './message.ts';
import { code, type Rich, rich } from './rich.ts';
import { labelled, nameOf, noteOf } from './said.ts';
import { textsIn } from './texts/index.ts';

/** Asks before paying an invoice. */
export function payCard(draft: PayDraft, view: View): Reply {
  const { pay, buttons } = textsIn(view.language);
  const ceilingMsat = BigInt(draft.feeCeilingMsat);
  const text = rich`${pay.card(money(view, BigInt(draft.amountMsat), 'up'))}${
    draft.ownInvoiceId ? pay.noFee() : pay.fee(money(view, ceilingMsat, 'up'))
  }${pay.payee(payeeOf(draft.destination), draft.paidBefore)}${labelled(pay.note, noteOf(draft.description))}${pay.until(
    dayTime(view, draft.expiresAtMs),
  )}${rateLine(view)}${draft.twinId ? pay.twin(shortId(draft.twinId)) : []}`;
  // The card is remembered from the start: news of the payment may come before our answer to the tap.
  return { text, buttons: [yesNo(draft.id, buttons.pay, buttons.cancel)], subjectId: draft.id };
}

/** Asks before sending to someone. */
export function sendCard(draft: SendDraft, view: View): Reply {
  const { send, buttons } = textsIn(view.language);
  const to = rich`${nameOf(draft.to.name)}`;
  const caution = 'userId' in draft.to ? (draft.to.isNew ? send.isNew() : []) : send.notHere();
  const text = rich`${send.card(money(view, BigInt(draft.amountMsat), 'up'), to)}${caution}${send.noFee()}${labelled(
    send.note,
    noteOf(draft.memo),
  )}${rateLine(view)}`;
  return { text, buttons: [yesNo(draft.id, buttons.send, buttons.cancel)] };
}

/** A node's key as people can compare it. */
export function payeeOf(destination: string): Rich {
  return rich`${code(`${destination.slice(0, 8)}…${destination.slice(-8)}`)}`;
}

function yesNo(id: string, yes: string, no: string): Button[] {
  return [
    { label: `✅ ${yes}`, data: `confirm:${id}` },
    { label: no, data: `drop:${id}` },
  ];
}
