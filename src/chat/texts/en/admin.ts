// English: for those who run it.
import { bold, type Rich, rich } from '../../rich.ts';

export const admin = {
  stats: bold('State of the fleet'),
  instances: 'Instances',
  busy: (percent: number) => `${percent} % busy`,
  pressed: (level: string) => `pressed: ${level}`,
  cache: (percent: number) => `Cache: ${percent} % known`,
  queues: 'Queues (waiting · active · delayed · failed · done in a minute)',
  users: 'Wallets',
  active: (count: number) => `active today: ${count}`,
  volume: 'Moved in 24 hours',
  ways: { in: 'in', out: 'out', inside: 'inside' },
  payments: (held: string, sending: string) => `Payments held: ${held}, sending: ${sending}`,
  rate: (bitcoin: string | undefined, fiat: string | undefined) =>
    bitcoin ? `Rate ${bitcoin} old, currencies ${fiat ?? '?'} old` : 'No rate',
  worth: (owed: string, atNodes: string, suspense: string) =>
    `Owed to people: ${owed} · at our nodes: ${atNodes} · in suspense: ${suspense}`,
  books: (isOk: boolean): string =>
    isOk ? '✅ Books: every currency sums to zero' : '🚨 Books: the sums are NOT zero',
  off: (what: string) => `⛔ Off: ${what}`,
  buttons: {
    refresh: '🔄 Refresh',
    failed: 'Failed jobs',
    newer: '◀ Newer',
    older: 'Older ▶',
    newest: '⏮ Newest',
    stop: '⏹ Stop',
    sendToAll: (count: number) => `📣 Send to ${count}`,
  },
  noFailed: (): Rich => rich`No failed jobs.`,
  failed: bold('Failed jobs, newest first'),
  attempts: (count: number) => `${count} ${count === 1 ? 'attempt' : 'attempts'}`,
  retried: (lines: string, unknown: number): Rich =>
    rich`Retried:\n${lines}\n\nPayments with unknown outcome: ${String(unknown)}. They stay as they are and are asked about by themselves.`,
  refundUsage: (): Rich => rich`Write /refund and the full number of a payment. Nothing was done.`,
  refundAsked: (): Rich =>
    rich`A worker looks at this payment and its node now; the answer comes here. Nothing is given back before.`,
  sending: (isOn: boolean, since: string): Rich =>
    isOn
      ? rich`✅ Sending is on since ${since}.`
      : rich`⛔ Sending is stopped since ${since}. Receiving goes on. To start it again: /sending on`,
  broken: (promises: string): Rich => rich`Broken and known: ${promises}`,
  unknownId: (): Rich =>
    rich`I know nothing of this number. Write /why and the eight characters after "No.", or the whole id.`,
  userUsage: (): Rich => rich`Write /user and @name, an id, or the eight characters after "No.". Nothing was done.`,
  person: {
    since: 'Here since',
    lastSeen: 'Last seen',
    reads: 'Reads',
    has: 'Available',
    held: 'Held',
    invoices: 'Open invoices',
    payments: 'Payments without an end',
    role: 'Role',
    news: 'News from us',
    muted: 'muted',
    wanted: 'wanted',
    number: 'Number',
    free: '✅ Not frozen',
    frozen: (since: string) => `🧊 Frozen since ${since}`,
  },
  freezeUsage: (): Rich => rich`Write /freeze, @name or a number, and the reason. Nothing was done.`,
  frozen: (person: Rich): Rich =>
    rich`🧊 ${person} is frozen: nothing leaves this wallet any more; receiving and looking go on. To end it: /unfreeze`,
  frozenBefore: (person: Rich): Rich => rich`${person} was frozen already; the first reason stays.`,
  unfreezeUsage: (): Rich => rich`Write /unfreeze and @name or a number. Nothing was done.`,
  unfrozen: (person: Rich): Rich => rich`✅ ${person} can send and pay again.`,
  notFrozen: (person: Rich): Rich => rich`${person} was not frozen. Nothing has changed.`,
  rails: {
    send: 'sending to people here',
    pay: 'paying over Lightning',
    receive: 'new invoices',
  },
  railSince: (isOn: boolean, since: string) => (isOn ? `on since ${since}` : `paused since ${since}`),
  railUsage: (all: string): Rich => rich`Write /pause or /resume and one of: ${all}`,
  railAsBefore: (): Rich => rich`It stood so already. Nothing has changed.`,
  railTurned: (isOn: boolean): Rich =>
    isOn
      ? rich`✅ Resumed, in all instances.`
      : rich`⛔ Paused, in all instances: nothing new begins, people are told so, and what is under way comes to its end.`,
  admins: bold('Admins'),
  adminsUsage: (): Rich => rich`To change it: /admins add @name, /admins remove @name`,
  adminAdded: (person: Rich): Rich => rich`✅ ${person} is an admin now.`,
  adminRemoved: (person: Rich): Rich => rich`✅ ${person} is no admin any more.`,
  adminAsBefore: (person: Rich): Rich => rich`For ${person} it stood so already. Nothing has changed.`,
  audit: bold('What admins did, newest first'),
  noAudit: (): Rich => rich`Nothing was written down about that.`,
  house: 'the house itself',
  broadcastUsage: (most: string): Rich =>
    rich`To write to people: /broadcast, then all, en or sw, then your words (${most} characters at most). You see them first, and nothing goes out before you press the button.`,
  broadcastPreview: (count: number): Rich =>
    rich`☝️ So it will read. It is for ${String(count)} people and goes out slowly, behind the news of payments. Nobody has it yet.`,
  broadcastStates: {
    draft: 'Not sent',
    running: '▶️ On its way',
    done: '✅ Given to all',
    stopped: '⏹ Stopped: nobody else gets it',
  },
  broadcastTold: (told: number, total: number) => `Given to ${told} of ${total}`,
  pin: {
    ask: (): Rich => rich`Your PIN, please. I take your message away at once; then you have ten minutes.`,
    old: (): Rich => rich`Your present PIN, please. I take your message away at once.`,
    fresh: (): Rich => rich`Your new PIN, please: 6 to 12 digits. I take your message away at once.`,
    set: (): Rich => rich`✅ Your PIN is set. I ask for it before what moves money or people.`,
    unset: (): Rich => rich`Nothing was done: this needs your PIN, and you have none yet. Set it first: /pin`,
  },
  web: {
    open: '🖥 Open',
    copy: 'Copy the address',
    here: (): Rich =>
      rich`Your way to the pages of admins. It works once, within five minutes, and is for you alone: pass it on to nobody. You are in for half an hour.`,
    none: (): Rich =>
      rich`Nothing was done: this house has no pages of admins. Whoever runs the servers sets ADMIN_URL.`,
  },
  nothing: 'nothing',
};
