// English: news. Each says what happened, where the money is, and what comes next.

import type { PromiseName } from '../../../domain/promises.ts';
import type { RefundHindrance } from '../../../domain/refund.ts';
import type { FailureReason } from '../../../domain/states.ts';
import { bold, type Rich, rich } from '../../rich.ts';

const reasons: Record<FailureReason, string> = {
  no_route: 'There was no way to the payee just now. Try again later, or a smaller amount.',
  refused_by_payee: 'The payee refused it. Ask them for a new invoice.',
  timed_out: 'It took too long on the way. You can try again.',
  node_balance: 'Our node could not carry it just now. Try again in a few minutes.',
  invoice_expired: 'The invoice ran out. Ask the payee for a new one.',
  not_sent: 'It never left us. You can try again.',
  payer_too_late: 'Someone else paid this invoice first. You need not pay it again.',
  rejected: 'The network did not accept it. Ask the payee for a new invoice.',
};

export const notices = {
  invoiceReady: (amount: Rich | undefined): Rich =>
    amount
      ? rich`📥 To be paid ${amount}, show this picture or send this text:`
      : rich`📥 To be paid any amount, show this picture or send this text:`,
  invoiceUntil: (time: string): Rich => rich`\nValid until ${time}. I will tell you when it is paid.`,
  invoiceTooLong: (): Rich => rich`\n(The text is too long for here: let them scan the picture.)`,
  note: 'Note',
  invoiceLate: (): Rich =>
    rich`⏳ Your invoice takes longer than usual. It comes here by itself; you need not ask again. Your money is safe.`,
  invoicePaid: (amount: Rich): Rich => rich`✅ Received ${amount}. They are in your wallet now.`,
  invoiceExpired: (amount: Rich | undefined): Rich =>
    amount
      ? rich`⌛ Nobody paid your invoice for ${amount} in time. No money has moved. For a new one: /receive`
      : rich`⌛ Nobody paid your invoice in time. No money has moved. For a new one: /receive`,
  paymentPending: (amount: Rich, since: string, ceiling: Rich): Rich =>
    rich`⏳ Your payment of ${amount} has been on its way since ${since}. Your sats and a fee of at most ${ceiling} are set aside: they arrive, or they all come back. Please do not pay again; I will tell you how it ends.`,
  paymentPaid: (amount: Rich, fee: Rich): Rich => rich`✅ Paid ${amount}. Fee: ${fee}.`,
  proof: 'Proof of payment',
  number: (id: string): Rich => rich`\nNo. ${id}`,
  paymentFailed: (amount: Rich, reason: string): Rich =>
    rich`↩️ Your payment of ${amount} did not go through. All of your sats are back in your wallet. ${reasonText(reason)}`,
  sendReceived: (amount: Rich, from: Rich): Rich =>
    rich`✅ Received ${amount} from ${from}. They are in your wallet now.`,
  sendClaimed: (amount: Rich, to: Rich): Rich =>
    rich`✅ Taken: the ${amount} you sent are with ${to} now. All is done.`,
  sendReturned: (amount: Rich, to: Rich): Rich =>
    rich`↩️ Nobody took the ${amount} for ${to} within 21 days, so they are back in your wallet. You can send them again.`,
  requestReceived: (amount: Rich, from: Rich): Rich =>
    rich`📨 Request: ${from} asks you for ${amount}. Pay only if you know why; nothing moves until you do.`,
  requestUntil: (time: string): Rich => rich`\nOpen until ${time}.`,
  refund: {
    paid: (): Rich => rich`This payment is paid. Nothing was given back.`,
    ended: (state: string): Rich => rich`This payment has an end by itself (${state}). Nothing was given back by hand.`,
    under_way: (): Rich =>
      rich`This payment is still under way, and it is not known how it ends. Nothing was given back: the sats stay set aside, and its node is asked again by itself.`,
    refused: (why: string): Rich =>
      rich`Not given back: ${why}. The sats stay set aside. Ask again when that has changed.`,
    agreed: (): Rich =>
      rich`Nothing stands against giving this payment back. The sats stay set aside until a second admin asks for the same, 10 minutes to 24 hours from now, and nothing stands against it then.`,
    freed: (): Rich =>
      rich`Given back, by you and another admin: from suspense, where both entries stay. Its node is asked about it once an hour from now on; should it be paid after all, that is booked and rings.`,
  },
  refundHindrances: {
    invoice_alive: 'its invoice has not run out for 10 minutes yet',
    not_restarted: 'its node was not restarted since the payment was last tried',
    channel_away: 'a channel of its node is away, or was within the last 10 minutes',
    channel_closing: 'a channel of its node is closing',
    part_under_way: 'a channel of its node shows a part of it under way',
    other_channels: 'its node has other channels than at the first look',
    too_soon: 'the first look at it is less than 10 minutes old',
  } satisfies Record<RefundHindrance, string>,
  requestPaid: (amount: Rich, by: Rich): Rich =>
    rich`✅ Your request is paid: ${amount} from ${by} are in your wallet now.`,
  requestDeclined: (amount: Rich, by: Rich): Rich =>
    rich`Your request: ${by} declined to pay ${amount}. No money has moved.`,
  requestExpired: (amount: Rich, to: Rich): Rich =>
    rich`⌛ No answer: ${to} let your request for ${amount} run out. No money has moved. You can ask again: /request`,
  requestClosed: {
    paid: (amount: Rich, from: Rich): Rich => rich`✅ You paid ${from} the ${amount} they asked for.`,
    canceled: (amount: Rich, from: Rich): Rich =>
      rich`Taken back: ${from} no longer asks you for ${amount}. There is nothing to pay, and no money has moved.`,
    expired: (amount: Rich, from: Rich): Rich =>
      rich`⌛ The request of ${from} for ${amount} has run out. No money has moved.`,
  },
  /** In the words of an admin. */
  broadcast: (text: string): Rich =>
    rich`📣 ${bold('News from Satfleet')}\n\n${text}\n\nNothing has happened to your money. To hear no more of these: /settings`,
  /** For those who run it. */
  promises: {
    broken: (): Rich => rich`🚨 A promise is broken:`,
    stopped: (): Rich =>
      rich`Sending is stopped; receiving goes on, and what is under way comes to its end. Find out why before you write /sending on`,
    names: {
      P1: 'every currency sums to zero',
      P2: 'no account is below its floor',
      P3: 'every balance is the sum of its transfers',
      P4: 'one payment at a node for one payment here',
      P5: 'what has not ended is held, and nothing else is',
      P6: 'every settled invoice is credited, once',
      P7: 'what we owe is there',
      P8: 'the fees charged cover the fees paid',
      P9: 'no job lies forgotten',
      P10: 'no secret leaves us',
      P11: 'one operation is one movement',
      P12: 'every move of a state is written down',
    } satisfies Record<PromiseName, string> as Record<PromiseName, string>,
  },
  /** What is left of a card when its end comes as a message of its own. */
  below: {
    invoice_paid: (): Rich => rich`✅ This invoice is paid. See below.`,
    invoice_expired: (): Rich => rich`⌛ This invoice has run out and cannot be paid. See below.`,
    payment_paid: (): Rich => rich`✅ Paid. See below.`,
    payment_failed: (): Rich => rich`↩️ This payment did not go through. See below.`,
    send_claimed: (): Rich => rich`✅ Taken. See below.`,
    send_returned: (): Rich => rich`↩️ Nobody took it. See below.`,
    request_paid: (): Rich => rich`✅ Your request is paid. See below.`,
    request_declined: (): Rich => rich`Your request was declined. See below.`,
  },
};

function reasonText(reason: string): string {
  return (reasons as Readonly<Record<string, string>>)[reason] ?? reasons.rejected;
}
