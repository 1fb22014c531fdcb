// The policy for outside calls: deadlines that hold even when the call does not listen, retries only where asked,
// a breaker that opens for as long as the other side wants, and errors that say whether anything was sent.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  CalledOff,
  ComeBackLater,
  DeadlinePassed,
  NotCalled,
  type OutsideEvent,
  outside,
} from '../../src/base/outside.ts';

const boom = async (): Promise<number> => {
  throw new Error('boom');
};
const never = () => new Promise<number>(() => {});

describe('outside', () => {
  it('gives the answer, and says how long it took', async () => {
    const events: OutsideEvent[] = [];
    const run = outside('thing', { deadlineMs: 100, onEvent: (event) => void events.push(event) });
    expect(await run(async () => 7)).toBe(7);
    expect(events).toMatchObject([{ kind: 'success', name: 'thing' }]);
  });

  it('passes the error of the call on as it is', async () => {
    const error = new TypeError('odd');
    await expect(outside('thing', { deadlineMs: 100 })(() => Promise.reject(error))).rejects.toBe(error);
  });

  it('ends at the deadline, and tells the call so', async () => {
    const run = outside('thing', { deadlineMs: 20 });
    let told = false;
    const call = run((signal) => {
      signal.addEventListener('abort', () => {
        told = true;
      });
      return never();
    });
    await expect(call).rejects.toThrow(DeadlinePassed);
    expect(told).toBe(true);
  });

  it('can be called off', async () => {
    const run = outside('thing', { deadlineMs: 1_000, breaker: { failures: 1, openMs: 1_000 } });
    await expect(run(never, AbortSignal.timeout(10))).rejects.toThrow(CalledOff);
    // That was no failure of the other side.
    expect(await run(async () => 1)).toBe(1);
  });

  it('tries again only where asked, and only what is worth it', async () => {
    let tries = 0;
    const flaky = async () => {
      tries += 1;
      if (tries < 3) throw new Error('busy');
      return tries;
    };
    await expect(outside('thing', { deadlineMs: 100 })(flaky)).rejects.toThrow('busy');
    tries = 0;
    const retries = { times: 5, firstDelayMs: 1, maxDelayMs: 5, when: (error: Error) => error.message === 'busy' };
    expect(await outside('thing', { deadlineMs: 100, retries })(flaky)).toBe(3);
    tries = 0;
    const other = outside('thing', { deadlineMs: 100, retries })(() => {
      tries += 1;
      return boom();
    });
    await expect(other).rejects.toThrow('boom');
    expect(tries).toBe(1);
  });

  it('opens after failures in a row, refuses without calling, and closes after one success', async () => {
    const events: OutsideEvent[] = [];
    const onEvent = (event: OutsideEvent) => void events.push(event);
    const run = outside('thing', { deadlineMs: 100, breaker: { failures: 2, openMs: 40 }, onEvent });
    await expect(run(boom)).rejects.toThrow('boom');
    await expect(run(boom)).rejects.toThrow('boom');
    await expect(run(async () => 1)).rejects.toMatchObject({ name: 'NotCalled', why: 'circuit_open' });
    await sleep(50);
    expect(await run(async () => 1)).toBe(1);
    expect(events.filter(({ kind }) => kind === 'opened' || kind === 'closed').map(({ kind }) => kind)).toEqual([
      'opened',
      'closed',
    ]);
  });

  it('does not open for errors that do not count', async () => {
    const breaker = { failures: 1, openMs: 1_000, counts: (error: Error) => error.message !== 'boom' };
    const run = outside('thing', { deadlineMs: 100, breaker });
    await expect(run(boom)).rejects.toThrow('boom');
    await expect(run(boom)).rejects.toThrow('boom');
  });

  it('stays away for as long as the other side asks', async () => {
    const run = outside('thing', { deadlineMs: 100, breaker: { failures: 5, openMs: 5_000 } });
    await expect(run(() => Promise.reject(new ComeBackLater('429', 60)))).rejects.toThrow('429');
    await expect(run(async () => 1)).rejects.toThrow(NotCalled);
    await sleep(70);
    expect(await run(async () => 1)).toBe(1);
  });

  it('lets only so many run and wait', async () => {
    const run = outside('thing', { deadlineMs: 1_000, bulkhead: { running: 1, waiting: 1 } });
    const first = run(() => sleep(20, 'first'));
    const second = run(async () => 'second');
    await expect(run(async () => 'third')).rejects.toMatchObject({ why: 'full' });
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
  });

  it('never says "not called" of a call that was made once', async () => {
    const retries = { times: 3, firstDelayMs: 1, maxDelayMs: 2 };
    const run = outside('thing', { deadlineMs: 20, retries, breaker: { failures: 1, openMs: 1_000 } });
    await expect(run(never)).rejects.toThrow(DeadlinePassed);
    await expect(run(never)).rejects.toThrow(NotCalled);
  });
});
