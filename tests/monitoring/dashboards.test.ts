// The dashboards: each panel says what it shows in which unit, where it becomes worrying and what to do then; and they and
// the rules together ask for every measure there is, and for no other.
import { describe, expect, test } from 'vitest';
import { METRICS } from '../../src/base/metrics.ts';
import { alerts, boards, gatheredBy, namedIn, panels, questions } from './asked.ts';

const measures = new Map(Object.values(METRICS).map((each) => [each.name, each]));
/** What Prometheus adds, and the label of a bucket. */
const ALWAYS = ['job', 'instance', 'le'];

describe('dashboards', () => {
  test('there are four, each named as its address', () => {
    expect(boards.map(({ uid }) => uid)).toEqual([
      'satfleet-lightning',
      'satfleet-money',
      'satfleet-overview',
      'satfleet-queues-and-health',
    ]);
  });

  test.each(panels.map((panel) => [panel.where, panel] as const))('%s', (_, panel) => {
    expect(panel.description?.length ?? 0).toBeGreaterThan(40);
    expect(panel.datasource?.uid).toBe('prometheus');
    expect(panel.targets?.length ?? 0).toBeGreaterThan(0);
    for (const { datasource } of panel.targets ?? []) expect(datasource?.uid).toBe('prometheus');
    const { unit, thresholds } = panel.fieldConfig?.defaults ?? {};
    expect(unit).toBeTruthy();
    expect(thresholds?.steps[0]?.value).toBeNull();
    const values = (thresholds?.steps ?? []).slice(1).map(({ value }) => value ?? Number.NaN);
    expect(values).toEqual([...values].sort((one, other) => one - other));
  });

  test('no panel lies over another or beyond the edge, and no number is given twice', () => {
    for (const { panels: all, title } of boards) {
      expect(new Set(all.map(({ id }) => id)).size, title).toBe(all.length);
      const cells = all.flatMap(({ gridPos: { x, y, w, h } }) => {
        expect(x + w, title).toBeLessThanOrEqual(24);
        return Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`);
      });
      expect(new Set(cells).size, title).toBe(cells.length);
    }
  });

  test('an alert that a description names is there', () => {
    const names = new Set(alerts.map(({ name }) => name));
    const said = panels.flatMap(({ description = '' }) => description.match(/\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b/g) ?? []);
    expect(said.length).toBeGreaterThan(30);
    expect(said.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('measures', () => {
  test('every one is asked for somewhere', () => {
    const asked = new Set(questions.flatMap(({ expr }) => namedIn(expr)));
    expect([...measures.keys()].filter((name) => !asked.has(name))).toEqual([]);
  });

  test('every question gathers by labels that what it asks for has', () => {
    const wrong = questions.flatMap(({ where, expr }) => {
      const asked = namedIn(expr).flatMap((name) => Object.keys(measures.get(name)?.labels ?? {}));
      const isOurs = namedIn(expr).length > 0;
      const known = new Set([...asked, ...ALWAYS]);
      return gatheredBy(expr)
        .filter((label) => isOurs && !known.has(label))
        .map((label) => `${where}: ${label}`);
    });
    expect(wrong).toEqual([]);
  });
});
