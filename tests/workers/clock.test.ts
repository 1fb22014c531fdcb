// Time as the house sees it: one clock for all, which no host's clock moves, and repetition that does not overtake itself.
import { expect, test, vi } from 'vitest';
import { followingClock, hostClock } from '../../src/base/clock.ts';

test('I13: one follows another, whatever the host says', async () => {
  const clock = followingClock(async () => Date.now() + 3_600_000);
  await clock.measure();
  expect(Math.abs(clock.offsetMs() - 3_600_000)).toBeLessThan(50);
  expect(Math.abs(clock.nowMs() - Date.now() - 3_600_000)).toBeLessThan(50);
});

test('I13: a host whose clock is set meanwhile moves nothing', async () => {
  const theirs = Date.now();
  const begun = performance.now();
  const clock = followingClock(async () => theirs + performance.now() - begun);
  await clock.measure();
  const set = vi.spyOn(Date, 'now').mockImplementation(() => theirs + 600_000);
  expect(Math.abs(clock.nowMs() - (theirs + performance.now() - begun))).toBeLessThan(50);
  expect(Math.abs(clock.offsetMs() + 600_000)).toBeLessThan(5_000);
  set.mockRestore();
});

test('I13: an answer that was long under way is left out, but for the first', async () => {
  const counter = vi.spyOn(performance, 'now').mockReturnValue(0);
  let theirs = 1_000_000;
  const clock = followingClock(async () => {
    counter.mockReturnValue(performance.now() + 8_000);
    return theirs;
  });
  await clock.measure();
  expect(clock.nowMs()).toBe(1_004_000);
  theirs = 1_016_000;
  await clock.measure();
  expect(clock.nowMs()).toBe(1_012_000);
  counter.mockRestore();
});

test('what is done again and again does not overtake itself, and its faults are told', async () => {
  let runs = 0;
  const faults: unknown[] = [];
  const stop = hostClock().every(
    10,
    async () => {
      runs++;
      await hostClock().sleep(35);
      throw new Error('again');
    },
    (error) => faults.push(error),
  );
  await hostClock().sleep(150);
  stop();
  expect(runs).toBeGreaterThan(1);
  expect(runs).toBeLessThan(6);
  await vi.waitFor(() => expect(faults.length).toBe(runs));
  const aborted = new AbortController();
  aborted.abort();
  await hostClock().sleep(10_000, aborted.signal);
});
