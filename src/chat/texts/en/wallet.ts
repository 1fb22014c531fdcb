// English: what one has, being paid, history and the price.
import type { HistoryKind } from '../../../flows/history.ts';
import { bold, type Rich, rich } from '../../rich.ts';

export const money = {
  rateAge: (age: string) => `Rate ${age} old.`,
  rateTooOld: 'The rate is too old, so only sats are shown.',
  noRate: 'There is no exchange rate just now, so only sats are shown.',
};

export const balance = {
  show: (available: Rich): Rich => rich`💰 You have ${available}`,
  held: (held: Rich): Rich => rich`\nSet aside for payments under way: ${held}`,
  incoming: (incoming: Rich): Rich => rich`\nOn its way to you: ${incoming}`,
};

export const amount = {
  ask: {
    send: (): Rich => rich`How much do you want to send? For example 500, or KES 200, or all. (/cancel to leave)`,
    request: (): Rich => rich`How much do you want to ask for? For example 500 or KES 200. (/cancel to leave)`,
    pay: (): Rich =>
      rich`This invoice leaves the amount to you. How much do you want to pay? For example 500 or KES 200. (/cancel to leave)`,
    receive: (): Rich => rich`How much do you want to receive? For example 500 or KES 200. (/cancel to leave)`,
    rate: (): Rich => rich`Which amount? For example 500, or KES 200. (/cancel to leave)`,
  },
  trouble: {
    unreadable: (): Rich => rich`I cannot read that amount, so nothing was done.`,
    zero: (): Rich => rich`Nothing was done: the amount must be at least 1 sat.`,
    too_large: (): Rich => rich`Nothing was done: that is more than all the bitcoin anyone could mean.`,
    not_whole: (): Rich => rich`Nothing was done: a sat cannot be split here, please use whole sats.`,
    too_fine: (): Rich => rich`Nothing was done: that amount has more decimals than its currency.`,
  },
  which: (): Rich => rich`That amount can mean more than one thing, and I do not want to guess. Which is it?`,
  check: (): Rich => rich`I am not sure I read that right, and I do not want to guess. Do you mean this?`,
};

export const receive = {
  later: (): Rich =>
    rich`⏳ Your invoice is noted, but we are a little behind just now. It comes here by itself; you need not ask again. Your money is safe.`,
};

export const rate = {
  show: (given: { bitcoin: string; sats: string; local: string; localInSats: string }): Rich =>
    rich`1 BTC = ${bold(given.bitcoin)}\n${given.sats} = ${bold(given.local)}\n${given.localInSats}`,
  converted: (from: Rich, to: Rich): Rich => rich`${from} = ${to}`,
  ages: (btcAge: string, fiatAge: string | undefined, sources: string): Rich =>
    rich`\nBitcoin price ${btcAge} old${fiatAge ? `, currency rate ${fiatAge} old` : ''}. From: ${sources}.`,
  stale: (currency: string): Rich =>
    rich`The rate for ${currency} is too old to be called a price, so I do not show it. Your sats are safe and do not change. Try again in a few minutes.`,
  none: (currency: string): Rich =>
    rich`There is no rate for ${currency} just now. Your sats are safe and do not change. Try again in a few minutes.`,
};

export const history = {
  title: (): Rich => rich`${bold('Your history')}, newest first. Tap a number to open it.`,
  empty: (): Rich => rich`Nothing has come in or gone out yet. To be paid, write /receive`,
  noMore: (): Rich => rich`That was the oldest. There is nothing before it.`,
  pending: 'under way',
  kinds: {
    received: 'Received',
    paid: 'Paid',
    sent: 'Sent',
    got: 'From a friend',
    paying: 'Being paid',
    waiting: 'Waiting to be claimed',
    returned: 'Came back',
    other: 'Other',
  } satisfies Record<HistoryKind, string>,
  states: {
    asked: 'being made',
    open: 'open',
    closing: 'closing',
    settled: 'paid',
    canceled: 'cancelled',
    expired: 'expired',
    held: 'under way; your sats are set aside',
    sending: 'under way; your sats are set aside',
    paid: 'paid',
    failed: 'failed; all sats came back',
    done: 'done',
    claimed: 'claimed',
    returned: 'nobody took it; all sats came back',
    retracted: 'taken back by you',
    declined: 'declined',
  },
  detail: {
    number: 'Number',
    when: 'When',
    amount: 'Amount',
    fee: 'Fee',
    who: 'With',
    note: 'Note',
    state: 'State',
    payee: 'Node of the payee',
    proof: 'Proof of payment',
    until: 'Valid until',
  },
};
