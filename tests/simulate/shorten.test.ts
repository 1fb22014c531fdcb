// How a run that went wrong is made short: against a made-up house that goes wrong for known reasons, the reasons are
// what is left.
import { expect, test } from 'vitest';
import { type Plan, planOf } from './plan.ts';
import type { Outcome } from './run.ts';
import { kindsOf, shorten } from './shorten.ts';

const plan = planOf('3', 0.05);
const WRONG = 'the invoice 5feceb66ffc86f38 was paid 2 times, booked 1 times';

/** A house that goes wrong when all of these come together. */
function houseWith(isWrong: (plan: Plan) => boolean) {
  const told: Plan[] = [];
  const tell = async (given: Plan): Promise<Outcome> => {
    told.push(given);
    const broken = isWrong(given) ? [WRONG.replaceAll('2', String(told.length))] : [];
    const numbers = { operations: 1, statements: 1, steps: 1, simulatedMs: 1, settledAfterMs: 1, tookMs: 1 };
    return { broken, story: [], traceHash: '', faults: given.faults.length, ...numbers };
  };
  return { told, tell };
}

async function shortenedBy(isWrong: (plan: Plan) => boolean, atOnce: number, mostMs = 60_000) {
  const { told, tell } = houseWith(isWrong);
  const outcome = await tell(plan);
  const steps: number[] = [];
  const onStep = ({ operations, faults }: Plan) => void steps.push(operations.length + faults.length);
  return { ...(await shorten({ plan, outcome }, { tell, atOnce, mostMs, onStep })), told, steps };
}

const guilty = [plan.operations[17], plan.operations[18], plan.operations[301]];
const isGuilty = ({ operations }: Plan) => guilty.every((each) => operations.some((one) => one === each));

test.each([1, 2, 3])('what is left are the reasons, told %i at a time', async (atOnce) => {
  const fault = plan.faults[7];
  const found = await shortenedBy((given) => isGuilty(given) && given.faults.some((each) => each === fault), atOnce);
  expect(found.plan.operations).toEqual(guilty);
  expect(found.plan.faults).toEqual([fault]);
  expect(found.plan).toMatchObject({ doubledJobs: 0, doubledUpdates: 0, veiled: 0 });
  expect(found.plan.lastMs).toBeLessThan(plan.lastMs);
  expect(found.isShortest).toBe(true);
  expect(found.steps).toEqual(found.steps.toSorted((one, other) => other - one));
  expect(found.runs).toBeLessThan(130);
});

test('faults that have no part in it are left out first', async () => {
  const { plan: short, told } = await shortenedBy(isGuilty, 2);
  expect(short.faults).toEqual([]);
  expect(told[1]).toEqual({ ...plan, faults: [] });
});

test('what it needs beside faults stays, and only that', async () => {
  const { plan: short } = await shortenedBy((given) => isGuilty(given) && given.veiled > 0, 2);
  expect(short).toMatchObject({ doubledJobs: 0, veiled: plan.veiled, weather: { lostBefore: 0 } });
});

test('when the time is over, what was found so far is given', async () => {
  const found = await shortenedBy(isGuilty, 2, -1);
  expect(found).toMatchObject({ plan, runs: 0, isShortest: false });
});

test('another trouble on the way is not taken for this one', async () => {
  const tell = async (given: Plan): Promise<Outcome> => {
    const outcome = await houseWith(() => true).tell(given);
    return isGuilty(given) ? outcome : { ...outcome, broken: ['update 3 (text) has no answer'] };
  };
  const first = { plan, outcome: await tell(plan) };
  const found = await shorten(first, { tell, atOnce: 2, mostMs: 60_000, onStep: () => {} });
  expect(found.plan.operations).toEqual(guilty);
  expect(kindsOf(found.outcome.broken)).toEqual(kindsOf([WRONG]));
});
