// Spans without a collector: one that hangs, one that is away. Nothing waits for it, no more is kept than may be, what is
// dropped is counted, and nobody is told what is no word of ours. Without a recorder there is nothing at all.
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { until } from '../../scripts/process.ts';
import { Refusal } from '../../src/base/errors.ts';
import { gather } from '../../src/base/gather.ts';
import { exportSpans, MOST_SPANS_KEPT, type SpanExport } from '../../src/base/otel.ts';
import { beginSpan, currentTrace, inSpan, withTrace } from '../../src/base/trace.ts';
import { type Collector, startCollector } from '../support/collector.ts';

const WAIT_MS = 15_000;

let collector: Collector | undefined;
let spans: SpanExport | undefined;
/** Of the export that goes on; what an earlier one still gives up is its own. */
let counted = { sent: 0, dropped: 0 };
let logged: string[] = [];

afterEach(async () => {
  await spans?.close();
  await collector?.close();
  [spans, collector] = [undefined, undefined];
});

async function exporting(endpoint: string): Promise<SpanExport> {
  const count = { sent: 0, dropped: 0 };
  const lines: string[] = [];
  [counted, logged] = [count, lines];
  const say = (event: string) => void lines.push(event);
  const log = { debug: say, info: say, warn: say, error: say };
  const onSpans = (result: 'sent' | 'dropped', by: number) => {
    count[result] += by;
  };
  const who = { service: 'bot', instance: 'bot-1', version: '1' };
  return exportSpans({ endpoint, ...who, log, onSpans });
}

/** A message of five steps. */
async function message(): Promise<void> {
  await withTrace(randomUUID(), () =>
    inSpan('update', { kind: 'text' }, async () => {
      for (let step = 0; step < 4; step++) await inSpan('command balance', {}, async () => step);
    }),
  );
}

test('a collector that hangs costs its spans, and nothing else', async () => {
  collector = await startCollector();
  collector.answer = () => new Promise(() => {});
  spans = await exporting(collector.url);
  for (let at = 0; at < MOST_SPANS_KEPT; at++) await message();
  // Five steps each, so that all beyond what may be kept is dropped at once, while the collector still hangs.
  expect(counted).toEqual({ sent: 0, dropped: 4 * MOST_SPANS_KEPT });
  await spans.close();
  // The end did not wait until the last of them was given up.
  expect(counted.sent).toBe(0);
  expect(counted.dropped).toBeLessThan(5 * MOST_SPANS_KEPT);
});

test('a collector that is away is counted and said once, and gets what comes later when it is back', async () => {
  collector = await startCollector();
  let isAway = true;
  collector.answer = () => (isAway ? 400 : 200);
  spans = await exporting(collector.url);
  await message();
  await until('they are given up', WAIT_MS, async () => counted.dropped === 5);
  await message();
  await until('these as well', WAIT_MS, async () => counted.dropped === 10);
  expect(logged).toEqual(['the collector takes no spans']);
  isAway = false;
  await message();
  await until('it takes them again', WAIT_MS, async () => counted.sent === 5);
  expect(counted).toEqual({ sent: 5, dropped: 10 });
  expect(logged).toEqual(['the collector takes no spans', 'the collector takes spans again']);
});

test('steps hang on each other, also by way of a batch, a job and a fault; what is no plain word stays here', async () => {
  collector = await startCollector();
  spans = await exporting(collector.url);
  const trace = randomUUID();
  const job = { queue: 'payment', id: randomUUID() };
  const together = gather<number, number>({
    largest: 9,
    inFlight: 1,
    run: (inputs) => inSpan('ledger post', {}, async () => inputs),
  });
  await withTrace(trace, () =>
    inSpan('update', { bot: 'lnbc1pjq0000000000000000000000000000000000000000' }, async () => {
      // The same id again, as a server and its channel both set it.
      await withTrace(trace, () => together(1));
      beginSpan('queue payment', {}, { side: 'producer', puts: job })?.end('ok', false);
    }),
  );
  const refused = inSpan('command pay', {}, () => Promise.reject(new Refusal('balance_low')));
  await expect(refused).rejects.toThrow('balance_low');
  await withTrace(trace, async () => {
    const failed = () => Promise.reject(new RangeError('+254700000001 has 5 sats'));
    await expect(inSpan('job payment', {}, failed, { does: job })).rejects.toThrow(RangeError);
  });
  // A tick is nobody's message.
  await withTrace('reconcile-7', () => inSpan('job reconcile', {}, async () => currentTrace()));
  await until('all are there', WAIT_MS, async () => counted.sent === 4);
  const all = new Map(collector.spans().map((span) => [span.name, span]));
  expect([...all.keys()].sort()).toEqual(['job payment', 'ledger post', 'queue payment', 'update']);
  expect(new Set([...all.values()].map(({ traceId }) => traceId))).toEqual(new Set([trace.replaceAll('-', '')]));
  const parentOf = (name: string) =>
    [...all.values()].find(({ spanId }) => spanId === all.get(name)?.parentSpanId)?.name;
  expect(['update', 'ledger post', 'queue payment', 'job payment'].map(parentOf)).toEqual([
    undefined,
    'update',
    'update',
    'queue payment',
  ]);
  expect(all.get('update')?.attributes).toEqual({ 'satfleet.bot': 'hidden', 'satfleet.result': 'ok' });
  expect(all.get('job payment')).toMatchObject({ isFault: true, attributes: { 'satfleet.result': 'RangeError' } });
  expect(JSON.stringify(collector.posted)).not.toMatch(/lnbc1|254700|5 sats/);
});

test('without a collector a step is its work alone', async () => {
  const steps = await withTrace(randomUUID(), () => inSpan('update', {}, () => [beginSpan('lnd GetInfo', {})]));
  expect(steps).toEqual([undefined]);
});
