// News in a person's words. Every kind of notice has its sentence in every language, and a reply about a subject turns
// that subject's card into it.
import { unreachable } from '../base/errors.ts';
import type { DisplayRate } from '../domain/fx.ts';
import type { Notice, RefundAnswer, StoredNotice } from '../domain/notice.ts';
import { shortId } from '../flows/history.ts';
import { alertNews, digestText } from './alerts.ts';
import { clockTime, dayTime, money, rateLine, sats, type View } from './format.ts';
import type { Reply } from './message.ts';
import { code, type Rich, rich, toPlain } from './rich.ts';
import { labelled, nameOf, noteOf } from './said.ts';
import type { Texts } from './texts/en.ts';
import { textsIn } from './texts/index.ts';

/** The most that may stand under a picture. */
const LONGEST_CAPTION = 1_024;

/**
 * Finds the words for a notice.
 * @param rate of the person's currency, if there is one; a stale one is said to be stale and not used.
 */
export function renderNotice(
  stored: StoredNotice,
  person: { readonly language: string; readonly currency: string; readonly zone: string },
  rate: DisplayRate | undefined,
): Reply {
  const { language, currency, zone } = person;
  const view: View = { language, currency, zone, rate };
  return { ...replyOf(stored, view, textsIn(language)), subjectId: stored.subjectId };
}

function replyOf({ notice, subjectId }: StoredNotice, view: View, { notices, buttons }: Texts): Reply {
  const got = (msat: string) => money(view, BigInt(msat), 'down');
  const cost = (msat: string) => money(view, BigInt(msat), 'up');
  const details = [[{ label: buttons.details, data: `history:open:${subjectId}` }]];
  const receipt = (text: Rich, memo: string | null = null): Reply => ({
    text: rich`${text}${labelled(notices.note, noteOf(memo))}${notices.number(shortId(subjectId))}${rateLine(view)}`,
    buttons: details,
  });
  switch (notice.kind) {
    case 'invoice_ready':
      return invoiceReady(notice, view);
    case 'invoice_late':
      return { text: notices.invoiceLate() };
    case 'invoice_paid':
      return receipt(notices.invoicePaid(got(notice.receivedMsat)), notice.memo);
    case 'invoice_expired': {
      const amount = notice.amountMsat === null ? undefined : got(notice.amountMsat);
      return { text: notices.invoiceExpired(amount), silent: true };
    }
    case 'payment_pending': {
      const since = clockTime(view, notice.sinceMs);
      const ceiling = rich`${sats(BigInt(notice.feeCeilingMsat), 'up')}`;
      return receipt(notices.paymentPending(cost(notice.amountMsat), since, ceiling));
    }
    case 'payment_paid': {
      const paid = notices.paymentPaid(cost(notice.amountMsat), rich`${sats(BigInt(notice.feeMsat), 'up')}`);
      const proof: Rich = notice.preimage ? rich`\n${notices.proof}: ${code(notice.preimage)}` : [];
      return receipt(rich`${paid}${proof}`, notice.memo);
    }
    case 'payment_failed':
      return receipt(notices.paymentFailed(got(notice.amountMsat), notice.reason));
    case 'send_received':
      return receipt(notices.sendReceived(got(notice.amountMsat), person(notice.fromName)), notice.memo);
    case 'send_claimed':
      return receipt(notices.sendClaimed(cost(notice.amountMsat), person(notice.toName)));
    case 'send_returned':
      return receipt(notices.sendReturned(got(notice.amountMsat), person(notice.toName)));
    case 'request_received':
      return requestReceived(notice, subjectId, view);
    case 'request_paid':
      return { text: rich`${notices.requestPaid(got(notice.amountMsat), person(notice.byName))}${rateLine(view)}` };
    case 'request_declined':
      return { text: notices.requestDeclined(got(notice.amountMsat), person(notice.byName)) };
    case 'refund_answer':
      return { text: rich`${refundAnswered(notice.answer, notices)}${notices.number(shortId(notice.paymentId))}` };
    case 'broadcast':
      return { text: notices.broadcast(notice.text), silent: true };
    case 'request_expired':
      return { text: notices.requestExpired(got(notice.amountMsat), person(notice.toName)) };
    case 'request_closed':
      return { text: notices.requestClosed[notice.how](cost(notice.amountMsat), person(notice.fromName)) };
    case 'promise_broken':
      return { text: promiseBroken(notice, notices.promises) };
    case 'alert_raised':
    case 'alert_acked':
    case 'alert_over':
      return alertNews(notice, subjectId, view);
    case 'daily_digest':
      return { text: digestText(notice.digest, view) };
    default:
      return unreachable(notice);
  }
}

/** News that may come long after their card. */
export type LateNews = keyof Texts['notices']['below'];

/** The short words that stay on a card whose end comes as a message of its own. */
export function renderBelow(kind: LateNews, language: string): Reply {
  return { text: textsIn(language).notices.below[kind]() };
}

function promiseBroken(notice: NoticeOf<'promise_broken'>, texts: Texts['notices']['promises']): Rich {
  const names = notice.promises.map((promise): Rich => rich`\n${promise}: ${texts.names[promise]}`);
  return rich`${texts.broken()}${names.flat()}\n\n${code(notice.why)}\n\n${texts.stopped()}`;
}

function person(name: string): Rich {
  return rich`${nameOf(name)}`;
}

function refundAnswered(answer: RefundAnswer, { refund, refundHindrances }: Texts['notices']): Rich {
  if (answer.result === 'refused')
    return refund.refused(answer.against.map((each) => refundHindrances[each]).join('; '));
  if (answer.result !== 'ended') return refund[answer.result]();
  return answer.state === 'paid' ? refund.paid() : refund.ended(answer.state);
}

type NoticeOf<Kind extends Notice['kind']> = Extract<Notice, { kind: Kind }>;

function invoiceReady(notice: NoticeOf<'invoice_ready'>, view: View): Reply {
  const { notices } = textsIn(view.language);
  const { request, amountMsat } = notice;
  const amount = amountMsat === null ? undefined : money(view, BigInt(amountMsat), 'down');
  const note = labelled(notices.note, noteOf(notice.memo));
  const until = notices.invoiceUntil(dayTime(view, notice.expiresAtMs));
  const about = amount ? rateLine(view) : [];
  const full = rich`${notices.invoiceReady(amount)}\n\n${code(request)}\n${note}${until}${about}`;
  const short = rich`${notices.invoiceReady(amount)}${note}${until}${notices.invoiceTooLong()}`;
  // Capitals make the picture coarser, and with the scheme any camera app knows what it is.
  const qr = `LIGHTNING:${request.toUpperCase()}`;
  return { text: toPlain(full).length <= LONGEST_CAPTION ? full : short, qr };
}

function requestReceived(notice: NoticeOf<'request_received'>, subjectId: string, view: View): Reply {
  const { notices, buttons } = textsIn(view.language);
  const asked = notices.requestReceived(money(view, BigInt(notice.amountMsat), 'up'), person(notice.fromName));
  const note = labelled(notices.note, noteOf(notice.memo));
  const until = notices.requestUntil(dayTime(view, notice.expiresAtMs));
  return {
    text: rich`${asked}${note}${until}${rateLine(view)}`,
    buttons: [
      [
        { label: buttons.pay, data: `request:pay:${subjectId}` },
        { label: buttons.decline, data: `request:decline:${subjectId}` },
      ],
    ],
  };
}
