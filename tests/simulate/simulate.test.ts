// Ten seeds of the simulator, each a house of its own in which everything goes wrong; that a seed is one run and not two;
// and every story that once went wrong, told again. Thousands of seeds: `npm run simulate -- --seeds 1..2000`.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { TEMPLATE } from '../support/database.ts';
import { type Plan, planOf } from './plan.ts';
import { openTellers, type Tellers } from './tellers.ts';

const HOURS = 0.015;
const FIXTURES = fileURLToPath(new URL('./fixtures/', import.meta.url));
const seeds = Array.from({ length: 10 }, (_, at) => String(at + 1));

let tellers: Tellers;

beforeAll(() => {
  tellers = openTellers({ ...inject('postgres'), template: TEMPLATE, count: 2 });
});
afterAll(() => tellers.close());

describe.concurrent('simulated houses', () => {
  test.each(seeds)('seed %s keeps every promise', async (seed) => {
    const { broken, operations } = await tellers.tell(planOf(seed, HOURS));
    expect(broken).toEqual([]);
    expect(operations).toBeGreaterThan(80);
  });

  test('the same seed is the same run, to the last step', async () => {
    const plan = planOf('7', HOURS);
    const [one, other, another] = await Promise.all([
      tellers.tell(plan),
      tellers.tell(plan),
      tellers.tell(planOf('8', HOURS)),
    ]);
    expect(plan.faults.length).toBeGreaterThan(3);
    expect(other.traceHash).toBe(one.traceHash);
    expect(other.steps).toBe(one.steps);
    expect(another.traceHash).not.toBe(one.traceHash);
  });

  test.each(storyFiles())('the story %s ends well', async (name) => {
    const { plan } = JSON.parse(readFileSync(`${FIXTURES}${name}`, 'utf8')) as { plan: Plan };
    expect((await tellers.tell(plan)).broken).toEqual([]);
  });
});

function storyFiles(): string[] {
  return readdirSync(FIXTURES).filter((name) => name.endsWith('.json'));
}
