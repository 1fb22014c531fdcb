// The cards that stand before every movement of money: what it is, what it costs, who gets it, and one button each for
// yes and no. The button carries the draft's id, which becomes the movement's id.
import { shortId } from '../flows/history.ts';
import type { Place } from '../flows/line.ts';
import type { PayDraft } from '../flows/pay.ts';
import type { SendDraft } from '../flows/send.ts';
import { dayTime, money, rateLine, type View } from './format.ts';
import type { Button, Reply } from './message.ts';
import { code, type Rich, rich } from './rich.ts';
import { labelled, nameOf, noteOf } from './said.ts';
import { textsIn } from './texts/index.ts';

/** Asks before paying an invoice. `place`: in a line that is long. */
export function payCard(draft: PayDraft, view: View, place?: Place): Reply {
  const { pay, buttons } = textsIn(view.language);
  const ceilingMsat = BigInt(draft.feeCeilingMsat);
  const text = rich`${pay.card(money(view, BigInt(draft.amountMsat), 'up'))}${
    draft.ownInvoiceId ? pay.noFee() : pay.fee(money(view, ceilingMsat, 'up'))
  }${pay.payee(payeeOf(draft.destination), draft.paidBefore)}${labelled(pay.note, noteOf(draft.description))}${pay.until(
    dayTime(view, draft.expiresAtMs),
  )}${rateLine(view)}${lineOf(place, view)}${draft.twinId ? pay.twin(shortId(draft.twinId)) : []}`;
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

const STEP_S = 5;

/** How many payments are ahead, where they are many, and about how long they take: rounded up, for nobody knows better. */
export function lineOf(place: Place | undefined, view: View): Rich {
  if (!place) return [];
  const { pay, age } = textsIn(view.language);
  const { ahead, waitMs } = place;
  if (waitMs === undefined) return pay.line(String(ahead), undefined);
  const seconds = Math.max(STEP_S, Math.ceil(waitMs / (STEP_S * 1_000)) * STEP_S);
  const wholeMs = seconds < 60 ? seconds * 1_000 : Math.ceil(seconds / 60) * 60_000;
  return pay.line(String(ahead), age(wholeMs));
}

function yesNo(id: string, yes: string, no: string): Button[] {
  return [
    { label: `✅ ${yes}`, data: `confirm:${id}` },
    { label: no, data: `drop:${id}` },
  ];
}
