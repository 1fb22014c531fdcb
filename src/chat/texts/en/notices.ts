// English: news. Each says what happened, where the money is, and what comes next.

import type { FailureReason } from '../../../domain/states.ts';
import { type Rich, rich } from '../../rich.ts';

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
  invoiceUntil: (time: string): Rich => rich`\nValid until ${time}. I write here when it is paid.`,
  invoiceTooLong: (): Rich => rich`\n(The text is too long for here: let them scan the picture.)`,
  note: 'Note',
  invoiceLate: (): Rich =>
    rich`⏳ Your invoice takes longer than usual. It comes here by itself; you need not ask again. Your money is safe.`,
  invoicePaid: (amount: Rich): Rich => rich`✅ Received ${amount}. They are in your wallet now.`,
  paymentPending: (amount: Rich, since: string, ceiling: Rich): Rich =>
    rich`⏳ Your payment of ${amount} is in flight since ${since}. Your sats and a fee of at most ${ceiling} are set aside: they arrive, or they all come back. Please do not pay again; I write here how it ends.`,
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
  requestPaid: (amount: Rich, by: Rich): Rich =>
    rich`✅ Your request is paid: ${amount} from ${by} are in your wallet now.`,
  requestDeclined: (amount: Rich, by: Rich): Rich =>
    rich`Your request: ${by} declined to pay ${amount}. No money has moved.`,
};

function reasonText(reason: string): string {
  return (reasons as Readonly<Record<string, string>>)[reason] ?? reasons.rejected;
}
