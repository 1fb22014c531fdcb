// After the storm: waits until nothing is left to be done or told, and then reckons. What is left without an end must be
// what LND itself leaves without one: that is held, named, and told to its person as under way.
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelHodlInvoice } from 'lightning';
import { clientOf } from '../../sandbox/lnd/client.ts';
import { until } from '../../scripts/process.ts';
import { check } from '../../src/flows/books.ts';
import { shortId } from '../../src/flows/history.ts';
import { checkNode } from '../../src/flows/node-books.ts';
import { look as lookOnce } from '../support/fleet-people.ts';
import {
  type Fault,
  type InvoiceRow,
  invoicesAgainstNodes,
  type PaymentRow,
  type Purse,
  paymentsAgainstNodes,
  toldAgainstLedger,
} from './agree.ts';
import type { Ears } from './ears.ts';
import type { Field } from './field.ts';
import { listsOf, type NodeLists } from './node-lists.ts';

/** A payment that LND will never end: its hold stands, its person knows. */
export type Unknown = {
  readonly id: string;
  readonly node: string;
  readonly hash: string;
  readonly heldMsat: bigint;
  readonly isTold: boolean;
};

export type Settled = { readonly ms: number; readonly unknown: readonly Unknown[]; readonly left: string | undefined };

/** The database may be away for the onlooker, too. */
function patiently<T>(run: () => Promise<T>): Promise<T> {
  return until('the onlooker gets an answer', PATIENCE_MS, async () => ({ got: await run() })).then(({ got }) => got);
}

function look<Row>(field: Field, text: string): Promise<Row[]> {
  return patiently(() => lookOnce<Row>(field, text));
}

const PATIENCE_MS = 60_000;
const SETTLE_MS = 300_000;
/** What LND calls pending may still end by itself so long after all else has. */
const LAST_LOOK_MS = 20_000;
const LOOK_EVERY_MS = 500;

const LEFT = `select
  (select count(*)::int4 from notices where state = 'waiting') as untold,
  (select count(*)::int4 from outbox) as outbox,
  (select count(*)::int4 from payments where state = 'held') as held`;
type Left = { untold: number; outbox: number; held: number };

const SENDING = `select p.id, p.node, p.payment_hash as hash, coalesce(h.amount, 0) as "heldMsat",
    exists (select 1 from notices n where n.subject_id = p.id and n.kind = 'payment_pending') as "isTold"
  from payments p left join pending_transfers h on h.id = p.id and h.state = 'pending'
  where p.state = 'sending'`;

/** Waits for the end of everything that will end. `ms` counts from the call to the last change that was waited for. */
export async function settle(field: Field): Promise<Settled> {
  const begunMs = performance.now();
  await releaseHeld(field);
  let quietSinceMs: number | undefined;
  let left = '';
  while (performance.now() - begunMs < SETTLE_MS) {
    const [counts] = await look<Left>(field, LEFT);
    const unknown = await look<Unknown>(field, SENDING);
    const { untold = 1, outbox = 1, held = 1 } = counts ?? {};
    left = `${untold} news, ${outbox} jobs, ${held} payments held, ${unknown.length} sending`;
    const isQuiet = untold + outbox + held === 0;
    if (isQuiet && unknown.length === 0) return { ms: performance.now() - begunMs, unknown, left: undefined };
    quietSinceMs = isQuiet ? (quietSinceMs ?? performance.now()) : undefined;
    if (quietSinceMs !== undefined && performance.now() - quietSinceMs > LAST_LOOK_MS) {
      if (await allPendingAtNodes(field, unknown)) return { ms: quietSinceMs - begunMs, unknown, left: undefined };
    }
    await sleep(LOOK_EVERY_MS);
  }
  return { ms: performance.now() - begunMs, unknown: await look<Unknown>(field, SENDING), left };
}

// The payee holds some because their person was too late for them; nothing else would ever release these.
async function releaseHeld({ nodes }: Field): Promise<void> {
  const { carol } = nodes.nodes;
  if (!carol) return;
  const { invoices } = await patiently(() => listsOf({ carol }));
  const lnd = clientOf(carol);
  for (const { hash, state } of invoices) if (state === 'held') await cancelHodlInvoice({ lnd, id: hash });
}

/** LND itself says that it does not know, and the payee has neither been paid nor holds anything. */
async function allPendingAtNodes(field: Field, unknown: readonly Unknown[]): Promise<boolean> {
  const { payments, invoices } = await patiently(() => listsOf(field.nodes.nodes));
  return unknown.every(({ hash, node }) => {
    const seen = payments.filter((each) => each.hash === hash);
    const payee = invoices.find((each) => each.node === 'carol' && each.hash === hash);
    const isUnpaid = payee?.state !== 'paid' && payee?.state !== 'held';
    return seen.length === 1 && seen[0]?.node === node && seen[0].state === 'pending' && isUnpaid;
  });
}

export type Reckoning = { readonly faults: readonly Fault[]; readonly offMsat: bigint; readonly lists: NodeLists };

const PURSES = `select i.external_id::int8 as "chatId", a.credits_posted - a.debits_posted as "postedMsat"
  from accounts a join users u on u.wallet_id = a.id join identities i on i.user_id = u.id`;
const PAYMENTS = `select id, payment_hash as hash, state, node, amount_msat as "amountMsat", fee_msat as "feeMsat"
  from payments where own_invoice_id is null`;
const INVOICES = `select id, payment_hash as hash, state, node, received_msat as "receivedMsat" from invoices`;
const TWICE = `select memo, count(*)::int4 as count from sends where memo is not null group by memo having count(*) > 1`;

const NEWS = `select i.external_id::int8 as "chatId", n.kind, n.subject_id as "subjectId", n.state,
    n.sent_at is null as "isSkipped"
  from notices n join identities i on i.user_id = n.user_id
  where n.kind in ('payment_paid', 'payment_failed', 'invoice_paid', 'send_received')`;
type NewsRow = { chatId: bigint; kind: keyof typeof HEARD_AS; subjectId: string; state: string; isSkipped: boolean };
const HEARD_AS = {
  payment_paid: 'paid',
  payment_failed: 'failed',
  invoice_paid: 'received',
  send_received: 'received',
} as const;

/** News that the rows call told and nobody has heard. */
function unheard(rows: readonly NewsRow[], ears: Ears): Fault[] {
  return rows
    .filter(({ chatId, kind, subjectId }) => !ears.has(Number(chatId), HEARD_AS[kind], shortId(subjectId)))
    .map(({ chatId, kind, subjectId, state, isSkipped }) => {
      const how = isSkipped ? 'skipped' : state;
      return { what: `${chatId} never heard ${kind} of ${subjectId}, which is marked ${how}`, offMsat: 0n };
    });
}

/** Holds what people were told, the ledger and the nodes against each other. */
export async function reckon(field: Field, ears: Ears): Promise<Reckoning> {
  const [purses, payments, invoices, twice, news, lists] = await Promise.all([
    look<{ chatId: bigint; postedMsat: bigint }>(field, PURSES),
    look<PaymentRow>(field, PAYMENTS),
    look<InvoiceRow>(field, INVOICES),
    look<{ memo: string; count: number }>(field, TWICE),
    look<NewsRow>(field, NEWS),
    patiently(() => listsOf(field.nodes.nodes)),
  ]);
  const known: Purse[] = purses.map(({ chatId, postedMsat }) => ({ chatId: Number(chatId), postedMsat }));
  const faults = [
    ...toldAgainstLedger(known, ears.told),
    ...unheard(news, ears),
    ...paymentsAgainstNodes(payments, lists),
    ...invoicesAgainstNodes(invoices, lists),
    ...twice.map(({ memo, count }) => ({ what: `${memo} was sent ${count} times`, offMsat: 0n })),
    ...(await booksFaults(field)),
  ];
  return { faults, offMsat: faults.reduce((sum, { offMsat }) => sum + offMsat, 0n), lists };
}

/** The product's own checks: the ledger in itself, and against each node. */
async function booksFaults({ world }: Field): Promise<Fault[]> {
  const books = await patiently(() => check(world));
  const faults: Fault[] = books.ok ? [] : [{ what: 'the books are not right in themselves', offMsat: 0n }];
  for (const { code, sum } of books.currencies) {
    if (sum !== 0n) faults.push({ what: `the sum of ${code} is ${sum}`, offMsat: sum < 0n ? -sum : sum });
  }
  for (const name of world.lightning.names()) {
    const { offMsat } = await patiently(() => checkNode(world, name, 'anew'));
    if (offMsat !== 0n)
      faults.push({ what: `${name} is off by ${offMsat}`, offMsat: offMsat < 0n ? -offMsat : offMsat });
  }
  return faults;
}
