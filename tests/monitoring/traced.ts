// A payment as a collector of traces sees it: one trace, the one in the logs and in the payment's row, from the press on
// the webhook through command, queue, worker, node and ledger to the receipt, each step hanging on the one that caused it,
// across real processes; and in all that leaves nothing of the person, the invoice or the amount.
import { expect } from 'vitest';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { until } from '../../scripts/process.ts';
import { BOTS } from '../../scripts/rig.ts';
import type { CollectedSpan, Collector } from '../support/collector.ts';
import type { Fleet } from '../support/fleet-house.ts';
import { confirmPay, look } from '../support/fleet-people.ts';

const WAIT_MS = 20_000;
const AMOUNT_MSAT = 123_000n;

/** Pays once, and looks at what the collector was told of it, and of everybody. */
export async function checkTraced(fleet: Fleet, collector: Collector, payer: Phone): Promise<void> {
  const { request, hash } = await fleet.outside.makeInvoice({ amountMsat: AMOUNT_MSAT });
  const id = await confirmPay(payer, request);
  await payer.waitFor(/123 sats? sent|Paid|paid/, WAIT_MS);
  const [row] = await look<{ trace: string }>(fleet, 'select trace from payments where id = $1', [id]);
  const traceId = row?.trace.replaceAll('-', '');
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  const spans = () => collector.spans().filter((span) => span.traceId === traceId);
  const isWhole = async () => chainTo(spans(), 'receipt sent')[0]?.name === 'update';
  await until('all from the update to the receipt is collected', WAIT_MS, isWhole);

  const all = spans();
  expect(chainTo(all, 'receipt sent').map(({ name, service }) => `${service} ${name}`)).toEqual([
    'satfleet-bot update',
    'satfleet-bot command confirm',
    'satfleet-bot queue payment',
    'satfleet-worker job payment',
    'satfleet-worker queue notification',
    'satfleet-worker job notification',
    'satfleet-worker receipt sent',
  ]);
  expect(parentOf(all, 'lnd SendPaymentV2')).toBe('job payment');
  const posts = all.filter(({ name }) => name === 'ledger post');
  expect(posts.map((post) => `${post.attributes['satfleet.statement']} in ${parentOf(all, post)}`).sort()).toEqual([
    'payments.finish_paid in job payment',
    'payments.start in command confirm',
  ]);
  for (const span of all) {
    expect(span.endNs).toBeGreaterThanOrEqual(span.startNs);
    expect([span.name, span.isFault]).toEqual([span.name, false]);
  }
  expect(new Set(all.map(({ spanId }) => spanId)).size).toBe(all.length);
  expect(all.filter(({ parentSpanId }) => parentSpanId === undefined).map(({ name }) => name)).toEqual(['update']);

  // Of every span of every message, not of this one alone; its ids and times may hold any digits.
  const told = JSON.stringify(collector.spans().map(({ service, name, attributes }) => [service, name, attributes]));
  const { token } = BOTS[0];
  const secrets = [request, hash, id, String(payer.id), 'person', String(AMOUNT_MSAT), token, 'hidden'];
  expect(secrets.filter((secret) => told.includes(secret))).toEqual([]);
  const keys = new Set(collector.spans().flatMap(({ attributes }) => Object.keys(attributes)));
  expect([...keys].filter((key) => !KEYS.has(key))).toEqual([]);
}

const KEYS = new Set(
  ['bot', 'channel', 'kind', 'queue', 'attempt', 'statement', 'transfers', 'result'].map((key) => `satfleet.${key}`),
);

/** From the first span to the one of this name, each the parent of the next. */
function chainTo(spans: readonly CollectedSpan[], name: string): CollectedSpan[] {
  const chain: CollectedSpan[] = [];
  for (let span = spans.find((each) => each.name === name); span; span = parent(spans, span)) chain.unshift(span);
  return chain;
}

function parent(spans: readonly CollectedSpan[], { parentSpanId }: CollectedSpan): CollectedSpan | undefined {
  return spans.find(({ spanId }) => spanId === parentSpanId);
}

function parentOf(spans: readonly CollectedSpan[], which: string | CollectedSpan): string | undefined {
  const span = typeof which === 'string' ? spans.find(({ name }) => name === which) : which;
  return span && parent(spans, span)?.name;
}
