// English: every no, with what happened, whether the money is safe, and what to do next. `given` holds amounts and
// numbers ready to be shown; what a refusal did not say is undefined.
import type { RefusalCode } from '../../../base/errors.ts';
import { type Rich, rich } from '../../rich.ts';

export type Given = {
  readonly needed?: Rich;
  readonly available?: Rich;
  readonly least?: Rich;
  readonly most?: Rich;
  readonly count?: string;
  readonly seconds?: string;
  readonly contact?: string;
};

export const refusals: Record<RefusalCode, (given: Given) => Rich> = {
  amount_unreadable: () =>
    rich`I cannot read that amount, so nothing was done. Write it like 500, 1.2k, 0.001 btc or KES 200.`,
  amount_too_small: ({ least }) => rich`Nothing was done: that is too little. The least is ${least ?? '1 sat'}.`,
  amount_too_large: ({ most }) =>
    most
      ? rich`Nothing was done: that is too much at once. The most is ${most}. You can do it in parts.`
      : rich`Nothing was done: that is too much at once. Try a smaller amount.`,
  balance_low: ({ needed, available }) =>
    needed && available
      ? rich`Not enough sats, so nothing was sent. This needs ${needed} in all; you have ${available}. Try a smaller amount, or be paid first: /receive`
      : rich`Not enough sats, so nothing was sent. Try a smaller amount, or be paid first: /receive`,
  busy: () => rich`We are very busy just now. Your money is safe and nothing was done. Please try again in a minute.`,
  card_expired: () => rich`This card is too old, nothing happened and your money is safe. Please start again.`,
  claim_taken: () =>
    rich`These sats are gone: someone took them already, or the sender took them back. Ask the sender.`,
  claim_unknown: () => rich`I do not know this link. Nothing has changed. Ask the sender to send it again.`,
  claim_waits: () =>
    rich`These sats cannot be given out just now. Nothing has changed: they are set aside and the link stays good. Try again later, or ask the sender.`,
  currency_unknown: () =>
    rich`I do not know that currency. Nothing has changed. I know KES, TZS, UGX, NGN, ZAR, GHS, ETB, MWK, ZMW and BWP.`,
  invoice_amount_missing: () =>
    rich`This invoice names no amount. Nothing was sent. Write /pay with the invoice and then the amount.`,
  invoice_closed: () => rich`This invoice is closed and cannot be paid. Nothing was sent. Ask for a new one.`,
  invoice_expired: () => rich`This invoice has run out. Nothing was sent. Ask the payee for a new one.`,
  invoice_in_flight: () =>
    rich`This invoice is being paid at this moment, so nothing more was sent. I will tell you how it ends; see also /history`,
  invoice_paid: () => rich`This invoice is paid already, so nothing was sent. If you owe more, ask for a new one.`,
  invoice_unreadable: () =>
    rich`I cannot read this invoice, so nothing was sent. Copy all of it, from lnbc to its last letter, and paste it again.`,
  invoice_wrong_network: () =>
    rich`This invoice is for another network, not the one where your sats are. Nothing was sent. Ask the payee for a usual Lightning invoice.`,
  last_admin: () =>
    rich`Nothing has changed: this is the last admin, and there must be one. Make somebody else an admin first: /admins add @name`,
  lightning_too_small: () =>
    rich`Our Lightning node cannot send that much just now, so nothing was sent and all your sats are where they were. Try a smaller amount, or again in a few minutes.`,
  not_allowed: () => rich`That is only for those who run Satfleet. Nothing has changed. For what you can do: /help`,
  not_found: () => rich`I cannot find that among your things. Nothing has changed. See /history`,
  own_invoice: () =>
    rich`This is your own invoice. Nothing was sent; your sats are where they were. Let someone else pay it.`,
  pay_paused: () =>
    rich`Paying over Lightning is paused for a short while, so nothing was sent and your sats are where they were. Sending to people here and receiving may work meanwhile. Please try again later.`,
  payee_is_payer: () => rich`That is you. Nothing was sent and your sats are where they were. Choose someone else.`,
  payee_unknown: () =>
    rich`I do not know that person here, so nothing was done. Check the name, or ask them to write /start to me first.`,
  person_unknown: () =>
    rich`I know nobody by that name or number, or more than one. Nothing was done. Write @name, or a whole number.`,
  pin_locked: () =>
    rich`That was wrong too often. Nothing was done, and no PIN is taken for an hour. Forgotten it? Another admin takes the role away and gives it again; then /pin`,
  pin_unfit: () =>
    rich`That will not do, so nothing has changed. A PIN has 6 to 12 digits, which are not all the same and do not just count. Write another one.`,
  pin_unset: () => rich`You have no PIN yet, so nothing was done. Set one first: /pin`,
  pin_wrong: ({ count }) =>
    rich`That is not your PIN. Nothing was done. Try again, or /cancel. Tries left before it is closed for an hour: ${count ?? '?'}.`,
  private_only: () =>
    rich`That works in a private chat only. Nothing was done. Open a private chat with me and write it there.`,
  queue_unknown: () => rich`There is no such queue. Nothing was done. Write /stats to see them all.`,
  rate_stale: () =>
    rich`There is no fresh exchange rate just now, so I will not guess; nothing was done. Write the amount in sats, or try again in a few minutes.`,
  receive_paused: () =>
    rich`New invoices are paused for a short while, so none was made. What is paid on your earlier ones still reaches you, and your sats are safe. Please try again later.`,
  request_closed: () => rich`This request is closed: paid, declined, cancelled or run out. Nothing was sent.`,
  send_closed: () =>
    rich`This is closed already: it was taken, or it came back to you. Nothing has changed. See /history`,
  send_paused: () =>
    rich`Sending to people here is paused for a short while, so nothing was sent and your sats are where they were. Please try again later.`,
  sending_stopped: () =>
    rich`Sending is stopped for a while, so that nothing can go wrong; nothing was sent. Your money is safe, and receiving works: /receive. Please try again later.`,
  too_fast: ({ seconds }) =>
    rich`That was a bit fast for me. Nothing was done and your money is safe. Please try again in ${seconds ?? '1'} s.`,
  too_many_open: ({ count }) =>
    count
      ? rich`You have ${count} of these open, which is the most. Nothing was done. Wait until some are finished, or cancel some.`
      : rich`You have too many of these open. Nothing was done. Wait until some are finished, or cancel some.`,
  wallet_frozen: ({ contact }) =>
    contact
      ? rich`We are looking at something about your wallet, so nothing can leave it for now; nothing was sent. All your sats are there, and you can still receive: /balance. To ask us about it, write to ${contact}.`
      : rich`We are looking at something about your wallet, so nothing can leave it for now; nothing was sent. All your sats are there, and you can still receive: /balance. To ask about it, write to those who run this bot.`,
};
