// A living house under load, and a real Prometheus that reads it: every panel of every dashboard shows data, every rule is
// evaluated and finds the measures it names, a payment is one trace, and nothing calls anybody while all is well.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { until } from '../../scripts/process.ts';
import { fund } from '../../scripts/rig.ts';
import { type Collector, startCollector } from '../support/collector.ts';
import { type Fleet, openFleet } from '../support/fleet-house.ts';
import { newLoad, runLoad } from '../support/fleet-load.ts';
import { confirmPay } from '../support/fleet-people.ts';
import { alerts, namedIn, panels, questions } from './asked.ts';
import { onPath } from './programs.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';
import { prober, withProbe } from './synthetic.ts';
import { checkTraced } from './traced.ts';

const PEOPLE = 3;
const WAIT_MS = 20_000;
/** The synthetic user asks every 15 seconds, and a rate is seen at the second reading. */
const SEEN_MS = 120_000;

let fleet: Fleet;
let prometheus: Prometheus;
let traffic: { end(): Promise<void> };
let folder: string;
let collector: Collector;

describe.skipIf(!onPath('prometheus'))('a house under load', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'satfleet-monitoring-'));
    collector = await startCollector();
    fleet = await openFleet({
      bots: 2,
      workers: 2,
      settings: { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` },
      between: { settings: withProbe },
    });
    // As an operator bounds them.
    await Promise.all(
      [fleet.queueRedis, fleet.sessionRedis, fleet.cacheRedis].map((redis) =>
        redis.command('CONFIG', 'SET', 'maxmemory', '256mb'),
      ),
    );
    const { bots, workers } = fleet.fleet;
    prometheus = await startPrometheus({ folder, jobs: { bot: bots, worker: workers } });
    await prober(fleet);
    traffic = await startTraffic();
  });
  afterAll(async () => {
    await traffic?.end();
    await prometheus?.end();
    await fleet?.end();
    await collector?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('every panel shows data', { timeout: SEEN_MS + 30_000 }, async () => {
    let empty: string[] = [];
    await until('every panel shows data', SEEN_MS, async () => {
      empty = await emptyPanels();
      return empty.length === 0;
    }).catch(() => {});
    expect(empty).toEqual([]);
  });

  test('every rule is evaluated, and finds all that it asks for', async () => {
    const rules = await prometheus.rules();
    expect(
      rules
        .filter(({ type }) => type === 'alerting')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(alerts.map(({ name }) => name).sort());
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    const measures = new Set(questions.flatMap(({ expr }) => namedIn(expr)));
    const there = await prometheus.ask('group by (__name__) ({__name__=~"satfleet_.+"})');
    const names = new Set(there.map(({ metric }) => metric.__name__?.replace(/_(bucket|sum|count)$/, '')));
    expect([...measures].filter((name) => !names.has(name))).toEqual([]);
  });

  test('a payment is one trace from the webhook to the receipt, and tells nothing of anybody', async () => {
    const [payer] = (await fleet.people(1)) as [Phone];
    await fund(fleet, [payer], 1_000n);
    await checkTraced(fleet, collector, payer);
  });

  test('nothing fires while all is well', async () => {
    // On a machine that is busy with other tests the synthetic user may wait for too long, as it would rightly say.
    const firing = await prometheus.ask('ALERTS{alertstate="firing",topic!="availability"}');
    // The sign that Prometheus itself lives.
    expect(firing.map(({ metric }) => metric.alertname)).toEqual(['Watchdog']);
  });
});

async function emptyPanels(): Promise<string[]> {
  const empty: string[] = [];
  for (const { where, targets = [] } of panels) {
    for (const { expr } of targets) {
      const samples = await prometheus.ask(expr);
      if (!samples.some(({ value }) => Number.isFinite(value))) empty.push(`${where}: ${expr}`);
    }
  }
  return empty;
}

/** People do all there is to do, again and again, also what fails and what is refused. */
async function startTraffic(): Promise<{ end(): Promise<void> }> {
  const people = await fleet.people(PEOPLE);
  await fund(fleet, people, 1_000n);
  const load = newLoad(people);
  let ending = false;
  const run = async () => {
    while (!ending) {
      await runLoad(fleet, load, 2);
      await failToPay(people[0] as Phone);
      await (people[1] as Phone).ask('/balance', /sat/, WAIT_MS);
    }
  };
  const running = run();
  return {
    async end() {
      ending = true;
      await running;
    },
  };
}

/** Pays what its receiver turns down. */
async function failToPay(phone: Phone): Promise<void> {
  const { request, hash } = await fleet.outside.makeInvoice({ amountMsat: 1_000n, hold: true });
  await confirmPay(phone, request);
  const isHeld = async () =>
    (await fleet.outside.invoices()).some((each) => each.hash === hash && each.state === 'held');
  await until('it is held', WAIT_MS, isHeld);
  await fleet.outside.cancel(hash);
  await phone.waitFor(/did not go through/, WAIT_MS);
}
