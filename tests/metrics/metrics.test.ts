// The registry's own promises: what is counted begins at 0, what nobody knows is not told, and a reading neither hangs
// nor asks again too soon.
import { beforeEach, expect, test } from 'vitest';
import { createMetrics, type Metrics } from '../../src/base/metrics.ts';
import { spreads } from '../../src/domain/fx-accept.ts';
import { readOne, seriesOf } from './support.ts';

let metrics: Metrics;
beforeEach(() => {
  metrics = createMetrics();
});

test('what is counted begins at 0 for every word, so that the first event is a rise', async () => {
  const series = seriesOf(await metrics.text());
  const words = (name: string, label: string) =>
    series.filter((each) => each.name === `satfleet_${name}`).map((each) => [each.labels[label], each.value]);
  expect(words('payments_total', 'outcome')).toEqual(
    ['paid', 'failed', 'unknown', 'late_success', 'contradicted'].map((word) => [word, 0]),
  );
  expect(words('refused_acts_total', 'act')).toContainEqual(['webhook_forged', 0]);
  expect(words('telegram_call_seconds_count', 'result')).toContainEqual(['wait', 0]);
  expect(await readOne(metrics, 'asked_to_wait_total')).toBe(0);
  metrics.payments.inc({ outcome: 'late_success' });
  metrics.refuse('code_guessed');
  expect(await readOne(metrics, 'payments_total', { outcome: 'late_success' })).toBe(1);
  expect(await readOne(metrics, 'refused_acts_total', { act: 'code_guessed' })).toBe(1);
});

test('a level that nobody set, or that nobody knows any more, is not told as 0', async () => {
  expect(await readOne(metrics, 'sending_on')).toBeUndefined();
  expect(await readOne(metrics, 'backup_verified_age_seconds')).toBeUndefined();
  metrics.solvencyMsat.set(5);
  expect(await readOne(metrics, 'solvency_msat')).toBe(5);
  metrics.solvencyMsat.remove();
  expect(await readOne(metrics, 'solvency_msat')).toBeUndefined();
});

test('a look that throws or hangs keeps no other from being told, and is not begun twice', async () => {
  let hanging = 0;
  metrics.beforeRead(() => {
    throw new Error('away');
  });
  metrics.beforeRead(() => {
    hanging++;
    return new Promise(() => {});
  });
  metrics.beforeRead(() => metrics.outboxJobs.set(7));
  expect(await Promise.all([readOne(metrics, 'outbox_jobs'), readOne(metrics, 'outbox_jobs')])).toEqual([7, 7]);
  expect(hanging).toBe(1);
});

test('a look that rests is taken once within its rest, whoever reads', async () => {
  const taken = { rested: 0, always: 0 };
  metrics.beforeRead(() => void taken.rested++, 60_000);
  metrics.beforeRead(() => void taken.always++);
  await metrics.text();
  await metrics.text();
  expect(taken).toEqual({ rested: 1, always: 2 });
});

test('a breaker is told from its first call on: closed, open, closed', async () => {
  const breaker = () => readOne(metrics, 'breaker_open', { name: 'telegram' });
  expect(await breaker()).toBeUndefined();
  metrics.breaker({ kind: 'success', name: 'telegram', durationMs: 1 });
  expect(await breaker()).toBe(0);
  metrics.breaker({ kind: 'opened', name: 'telegram' });
  metrics.breaker({ kind: 'not_called', name: 'telegram', why: 'circuit_open' });
  expect(await breaker()).toBe(1);
  metrics.breaker({ kind: 'closed', name: 'telegram' });
  expect(await breaker()).toBe(0);
});

test('the spread of prices counts the sources that are not believed, and leaves out what is no opinion', () => {
  const quote = (source: string, pair: 'BTC/USD' | 'USD/KES', micro: bigint) => ({ source, pair, micro, asOfMs: 1 });
  const [low, high, alone] = [quote('a', 'BTC/USD', 100n), quote('b', 'BTC/USD', 105n), quote('a', 'USD/KES', 9n)];
  const stale = quote('c', 'BTC/USD', 50n);
  expect(
    spreads(
      [low, high, alone, stale],
      [
        { quote: high, reason: 'outlier' },
        { quote: stale, reason: 'stale' },
      ],
    ),
  ).toEqual({ 'BTC/USD': 0.05 });
});
