// The drill (DRILL=1 npm test monitoring/drill): things are broken one after the other in a living house, and each time the
// alerts that are there for it fire and reach the admin's chat by Prometheus, Alertmanager and the house itself, with their
// place in the runbook. It takes some minutes, so `npm test` alone leaves it out.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../scripts/process.ts';
import { alertmanagerProgram } from './alertmanager.ts';
import { alerts } from './asked.ts';
import { FAULTS } from './drill-faults.ts';
import { type Ground, openGround } from './drill-ground.ts';
import { onPath } from './programs.ts';

const FIRES_MS = 90_000;
const TOLD_MS = 60_000;
const AT_ONCE_MS = 15_000;

const canRun = process.env.DRILL === '1' && onPath('prometheus') && onPath(alertmanagerProgram);

/**
 * All nodes of a test have this machine's clock; and no job is refused by anything that can be broken from outside: each
 * finds its row as it must be, or nothing to do.
 */
const NEVER_SEEN = ['NodeClockOff', 'JobsRefused'];

test('every alert there is is made to fire, but two', () => {
  const seen = new Set(FAULTS.flatMap(({ fires }) => fires));
  expect(alerts.map(({ name }) => name).filter((name) => !seen.has(name))).toEqual(NEVER_SEEN);
});

describe.skipIf(!canRun)('the drill', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround();
  });
  afterAll(() => ground?.end());

  test.each(FAULTS.map((fault) => [fault.what, fault] as const))(
    '%s',
    { timeout: 2 * FIRES_MS + TOLD_MS },
    async (_, { fires, told = fires, wrong }) => {
      const fired = new Set<string>();
      const reads = reader(ground);
      const isTold = async () => told.every((name) => reads(name));
      const mend = await wrong(ground);
      try {
        const areFiring = async () => {
          const firing = await ground.prometheus.ask('ALERTS{alertstate="firing"}');
          for (const { metric } of firing) fired.add(metric.alertname ?? '');
          return fires.every((name) => fired.has(name));
        };
        // What no rule says, but the house itself, is seen by what is told.
        if (fires.length > 0) await until(`${fires.join(', ')} fire`, FIRES_MS, areFiring).catch(() => {});
        // Where what is broken is needed to tell it, it is told afterwards.
        await until('it is told', AT_ONCE_MS, isTold).catch(() => {});
      } finally {
        await mend();
      }
      const missing = fires.filter((name) => !fired.has(name));
      expect(missing, `fired: ${[...fired].join(', ')}`).toEqual([]);
      await until(`somebody reads of ${told.join(', ')}`, TOLD_MS, isTold);
    },
  );
});

/** Gives whether an alert's place in the runbook was read since, in the admin's chat or, when that cannot be, outside. */
function reader({ boss, outside }: Ground): (alert: string) => boolean {
  const [read, posted] = [boss.transcript().length, outside.posted.length];
  return (alert) => {
    const texts = [
      ...boss
        .transcript()
        .slice(read)
        .map(({ text }) => text),
      ...outside.posted.slice(posted).map(({ body }) => JSON.stringify(body)),
    ];
    return texts.some((text) => text.includes(`docs/RUNBOOK.md#${alert.toLowerCase()}`));
  };
}
