// What must be true when a run has come to rest, held against what really happened outside: the nodes' own records, what
// payees received, what phones showed. Each broken promise is one sentence.
import type { LndNode } from './lnd-node.ts';
import type { Outside } from './outside.ts';
import type { People } from './people.ts';
import type { Telegram, Told } from './telegram.ts';
import type { Updates } from './updates.ts';

export type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

export type Facts = {
  readonly ask: Ask;
  readonly nodes: readonly LndNode[];
  readonly outside: Outside;
  readonly telegram: Telegram;
  readonly updates: Updates;
  readonly people: People;
  readonly errors: readonly { event: string; fields: string }[];
  readonly isRedisWiped: boolean;
};

/** Every promise that a run has broken. */
export async function brokenPromises(facts: Facts): Promise<string[]> {
  const found = await Promise.all([
    ledger(facts.ask),
    nodes(facts),
    payments(facts),
    invoices(facts),
    notices(facts),
    queues(facts.ask),
  ]);
  return [...found.flat(), ...answers(facts), ...alarms(facts)];
}

async function ledger(ask: Ask): Promise<string[]> {
  const sums = await ask<{ currency: string; sum: string }>(
    `select currency, sum(credits_posted - debits_posted)::text as sum from accounts group by currency`,
  );
  const off = await ask<{ code: string; why: string }>(
    `with side as (
       select debit_id as id, amount as dp, 0 as cp, 0 as dh from transfers where kind in ('single', 'post')
       union all select credit_id, 0, amount, 0 from transfers where kind in ('single', 'post')
       union all select debit_id, 0, 0, amount from pending_transfers where state = 'pending'),
     total as (select id, sum(dp) as dp, sum(cp) as cp, sum(dh) as dh from side group by id)
     select code, case when guarded and credits_posted - debits_posted - debits_pending < 0 then 'is overdrawn'
         when code like 'outgoing:%' and debits_posted <> credits_posted then 'is not empty'
         else 'differs from its transfers' end as why
     from accounts a left join total t on t.id = a.id
     where (guarded and credits_posted - debits_posted - debits_pending < 0)
       or (code like 'outgoing:%' and debits_posted <> credits_posted)
       or (debits_posted, credits_posted, debits_pending) <> (coalesce(dp, 0), coalesce(cp, 0), coalesce(dh, 0))`,
  );
  const [holds] = await ask<{ held: string; wanted: string }>(
    `select (select coalesce(sum(amount), 0) from pending_transfers where state = 'pending')::text as held,
       ((select coalesce(sum(amount_msat + fee_ceiling_msat), 0) from payments where state in ('held', 'sending'))
        + (select coalesce(sum(amount_msat), 0) from sends where state = 'held'))::text as wanted`,
  );
  return [
    ...sums.filter(({ sum }) => sum !== '0').map(({ currency, sum }) => `the sum of ${currency} is ${sum}`),
    ...off.map(({ code, why }) => `the account ${code} ${why}`),
    ...(holds && holds.held !== holds.wanted ? [`${holds.held} msat are held, open are ${holds.wanted}`] : []),
  ];
}

/** The ledger against each node's own record, to the millisatoshi. */
async function nodes({ ask, nodes: all }: Facts): Promise<string[]> {
  const faults: string[] = [];
  for (const { name, invoices: made, payments: sent } of all) {
    let listed = 0n;
    for (const { state, paidMsat } of made.values()) if (state === 'SETTLED') listed += paidMsat;
    for (const { status, valueMsat, feeMsat } of sent.values())
      if (status === 'SUCCEEDED') listed -= valueMsat + feeMsat;
    const [row] = await ask<{ booked: string }>(
      `select coalesce(sum(debits_posted - credits_posted), 0)::text as booked from accounts where code = any($1)`,
      [[`lightning:${name}`, `capital:${name}`]],
    );
    if (row && BigInt(row.booked) !== listed) {
      faults.push(`${name} moved ${listed} msat, the ledger says ${row.booked}`);
    }
  }
  return faults;
}

type PaymentFact = { id: string; state: string; hash: string; node: string | null; fee: string | null; own: boolean };

async function payments({ ask, nodes: all, outside }: Facts): Promise<string[]> {
  const rows = await ask<PaymentFact>(
    `select id, state, payment_hash as hash, node, fee_msat::text as fee, own_invoice_id is not null as own from payments`,
  );
  const faults = rows.filter(({ state }) => state === 'held' || state === 'sending').map(openFault);
  for (const { id, state, hash, node, fee, own } of rows) {
    if (own) continue;
    const record = all.find(({ name }) => name === node)?.payments.get(hash);
    const isPaid = record?.status === 'SUCCEEDED';
    if (state === 'paid' && !isPaid) faults.push(`payment ${id} is booked as paid, its node did not pay it`);
    if (state === 'paid' && isPaid && fee !== String(record.feeMsat)) faults.push(`payment ${id} has the wrong fee`);
    const isPaidByAnother = rows.some((row) => row.hash === hash && row.state === 'paid');
    if (state === 'failed' && isPaid && !isPaidByAnother)
      faults.push(`payment ${id} is booked as failed, its node paid it`);
  }
  for (const { hash, paidBy } of outside.invoices.values()) {
    if (paidBy.length > 1)
      faults.push(`the invoice ${hash} was paid ${paidBy.length} times, by ${paidBy.join(' and ')}`);
    const booked = rows.filter((row) => row.hash === hash && row.state === 'paid').length;
    if (paidBy.length !== booked)
      faults.push(`the invoice ${hash} was paid ${paidBy.length} times, booked ${booked} times`);
  }
  return faults;
}

function openFault({ id, state }: PaymentFact): string {
  return `payment ${id} is still ${state}`;
}

async function invoices({ ask, nodes: all }: Facts): Promise<string[]> {
  const rows = await ask<{
    id: string;
    state: string;
    node: string | null;
    hash: string | null;
    received: string | null;
    inside: boolean;
  }>(
    `select i.id, i.state, node, payment_hash as hash, received_msat::text as received,
       exists (select from payments p where p.own_invoice_id = i.id and p.state = 'paid') as inside from invoices i`,
  );
  return rows.flatMap(({ id, state, node, hash, received, inside }) => {
    if (state === 'asked') return [`invoice ${id} was never made`];
    const seen = all.find(({ name }) => name === node)?.invoices.get(hash ?? '');
    const isReceived = seen?.state === 'SETTLED';
    if (isReceived && inside) return [`invoice ${id} was paid inside and outside`];
    if (isReceived && state !== 'settled') return [`invoice ${id} was paid from outside and is ${state}`];
    if (isReceived && received !== String(seen.paidMsat)) return [`invoice ${id} was credited with ${received}`];
    if (!isReceived && state === 'settled' && !inside) return [`invoice ${id} was credited and never paid`];
    return state === 'closing' ? [`invoice ${id} is still closing`] : [];
  });
}

/** Every end is told, once. */
async function notices({ ask, telegram, people, isRedisWiped }: Facts): Promise<string[]> {
  const untold = await ask<{ what: string }>(
    `select 'payment ' || id || ' ended as ' || state || ', and its payer was not told' as what from payments p
       where state in ('paid', 'failed')
         and not exists (select from notices n where n.subject_id = p.id and n.kind = 'payment_' || p.state)
     union all select 'payment ' || subject_id || ' was told as paid and as failed' from notices
       where kind in ('payment_paid', 'payment_failed') group by subject_id having count(distinct kind) > 1
     union all select 'payment ' || n.subject_id || ' was told as ' || n.kind || ' and is ' || p.state
       from notices n join payments p on p.id = n.subject_id
       where n.kind in ('payment_paid', 'payment_failed') and n.kind <> 'payment_' || p.state
     union all select 'invoice ' || id || ' was paid, and its owner was not told' from invoices i
       where state = 'settled' and not exists (select from notices n where n.subject_id = i.id and n.kind = 'invoice_paid')
     union all select 'send ' || s.id || ' was not told' from sends s
       where state = 'done' and not exists (select from notices n where n.user_id = s.to_user_id and n.kind = 'send_received'
         and n.subject_id = s.id)
       and not exists (select from requests r join notices n on n.subject_id = r.id
         where r.from_user_id = s.to_user_id and n.kind = 'request_paid' and r.amount_msat = s.amount_msat)
     union all select 'send ' || s.id || ' was claimed, and its sender was not told' from sends s
       where state = 'claimed' and not exists (select from notices n where n.subject_id = s.id and n.kind = 'send_claimed')`,
  );
  const rows = await ask<{ id: string; kind: string; state: string; shown: boolean; chat: string; dup: number }>(
    `select n.id, n.kind, n.state, n.sent_at is not null as shown,
       (select external_id from identities i where i.user_id = n.user_id limit 1) as chat,
       count(*) over (partition by n.user_id, n.kind, n.subject_id)::int4 as dup from notices n`,
  );
  const faults = rows.flatMap(({ id, kind, state, shown, chat, dup }) => {
    const told = telegram.told.get(id);
    const copies = told?.copies ?? 0;
    const most = told ? mostCopies(told, isRedisWiped) : 0;
    const what = `notice ${id} (${kind})`;
    return [
      ...(dup > 1 ? [`${what} exists ${dup} times`] : []),
      ...(state === 'waiting' ? [`${what} still waits`] : []),
      ...(state === 'unreachable' && !people.blockers.has(chat)
        ? [`${what} is given up, though its chat is open`]
        : []),
      ...(copies > most ? [`${what} was shown ${copies} times, at most ${most} are allowed`] : []),
      ...(state === 'sent' && shown && copies === 0 && ALWAYS_NEW.has(kind)
        ? [`${what} is marked and was never shown`]
        : []),
    ];
  });
  return [...untold.map(({ what }) => what), ...faults];
}

/** One; another when its answer was lost, however often; and another for each that nobody could mark or know of. */
function mostCopies({ lost, unmarked, overlaps }: Told, isRedisWiped: boolean): number {
  // A Redis that was wiped has forgotten which were lost.
  const again = Math.min(lost, isRedisWiped ? 3 : 1);
  return 1 + again + unmarked + overlaps;
}

/** Never an edit of something that is there already. */
const ALWAYS_NEW = new Set(['send_received', 'invoice_paid', 'send_claimed', 'request_paid', 'request_declined']);

async function queues(ask: Ask): Promise<string[]> {
  const rows = await ask<{ queue: string; count: number }>(
    'select queue, count(*)::int4 as count from outbox group by queue',
  );
  return rows.map(({ queue, count }) => `${count} jobs of ${queue} are not done`);
}

function answers({ updates, people }: Facts): string[] {
  const open = updates.all
    .filter(({ isAnswered }) => !isAnswered)
    .map(({ id, body }) => `update ${id} (${body.kind}) has no answer`);
  return [...open, ...people.faults];
}

// What only a fault of our own brings into the log.
const ALARMS = [
  'a payment called failed was paid by its node',
  'money received for no invoice of ours, kept in suspense',
  'message failed',
  'the books are off',
  'notice refused',
  'notice given up',
  'no start',
];

function alarms({ errors }: Facts): string[] {
  return errors.filter(({ event }) => ALARMS.includes(event)).map(({ event, fields }) => `${event}: ${fields}`);
}
