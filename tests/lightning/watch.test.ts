// Hearing of paid invoices: the cursor that ln-service loses, the handler that fails, the node that counts from the
// beginning again, the index of which LND replays nothing. Against a scripted LND, and the sandbox node where it dies.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LostReason, type SettledInvoice, watchInvoices } from '../../src/infra/lightning/invoices.ts';
import { hastyClock, type Out, poolOf, type ScriptedNode, startScripted } from './scripted.ts';

let lnd: ScriptedNode;
let pool: Awaited<ReturnType<typeof poolOf>>;
let streams: Out[];
const stops: (() => void)[] = [];

beforeEach(async () => {
  lnd = await startScripted();
  streams = [];
  lnd.streams.subscribeinvoices = (out) => streams.push(out);
  pool = await poolOf([lnd.config], { clock: hastyClock(100) });
});
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  await pool.close();
  lnd.stop();
});

const settled = (add: number, settle: number, msat = '1000') => ({
  r_hash: Buffer.alloc(32, add),
  state: 'SETTLED',
  add_index: String(add),
  settle_index: String(settle),
  amt_paid_msat: msat,
  value_msat: '5',
});
const added = (add: number) => ({ r_hash: Buffer.alloc(32, add), state: 'OPEN', add_index: String(add) });

function watch(settledIndex: bigint, onSettled: (event: SettledInvoice) => Promise<void> = async () => {}) {
  const seen: SettledInvoice[] = [];
  const lost: LostReason[] = [];
  const cursors: bigint[] = [];
  const { stop } = watchInvoices(pool.node('alice'), {
    cursor: { addedIndex: 1n, settledIndex },
    async onSettled(event) {
      await onSettled(event);
      seen.push(event);
    },
    onCursor: (cursor) => cursors.push(cursor.settledIndex),
    onLost: (reason) => lost.push(reason),
  });
  stops.push(stop);
  return { seen, lost, cursors, stop };
}
const opened = (count: number) => expect.poll(() => streams.length, { timeout: 3_000 }).toBe(count);

describe('the cursor', () => {
  test('E1: stays where the last settlement left it when invoices are added after it and the stream drops', async () => {
    const { seen, lost } = watch(4n);
    await opened(1);
    expect(streams[0]?.request).toMatchObject({ settle_index: '4', add_index: '0' });
    streams[0]?.write(settled(7, 5, '1234'));
    streams[0]?.write(added(8));
    streams[0]?.write(added(9));
    await expect.poll(() => seen.length).toBe(1);
    streams[0]?.fail({ code: 14, details: 'Connection dropped' });
    await opened(2);
    expect(streams[1]?.request).toMatchObject({ settle_index: '5', add_index: '0' });
    streams[1]?.write(settled(8, 6));
    await expect.poll(() => seen.length).toBe(2);
    expect(seen[0]).toEqual({ paymentHash: '07'.repeat(32), receivedMsat: 1234n, addedIndex: 7n, settledIndex: 5n });
    expect(lost).toEqual(['stream_lost']);
  });

  test('E1: moves only after the handler is done, and one after the other', async () => {
    const running: string[] = [];
    const { seen, cursors } = watch(1n, async ({ settledIndex }) => {
      running.push(`begin ${settledIndex}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running.push(`end ${settledIndex}`);
    });
    await opened(1);
    for (const index of [2, 3, 4]) streams[0]?.write(settled(index, index));
    await expect.poll(() => seen.length).toBe(3);
    expect(running).toEqual(['begin 2', 'end 2', 'begin 3', 'end 3', 'begin 4', 'end 4']);
    expect(cursors).toEqual([2n, 3n, 4n]);
  });

  test('E1: a handler that throws gets the same settlement again, over a new stream', async () => {
    let failures = 2;
    const { seen, lost } = watch(4n, async () => {
      if (failures-- > 0) throw new Error('database away');
    });
    await opened(1);
    streams[0]?.write(settled(7, 5));
    streams[0]?.write(settled(8, 6));
    await opened(2);
    expect(streams[1]?.request).toMatchObject({ settle_index: '4' });
    // The old stream is given back, or each failure would leave one open.
    await expect.poll(() => streams[0]?.isCancelled()).toBe(true);
    streams[1]?.write(settled(7, 5));
    await opened(3);
    streams[2]?.write(settled(7, 5));
    streams[2]?.write(settled(8, 6));
    await expect.poll(() => seen.map((event) => event.settledIndex)).toEqual([5n, 6n]);
    expect(lost).toEqual(['handler_failed', 'handler_failed']);
  });

  test('E2: of 0 LND replays nothing: it says so until the stream must be joined, and moves on from the first', async () => {
    const { lost, seen } = watch(0n);
    await opened(1);
    const told: LostReason[] = Array(7).fill('no_cursor');
    await expect.poll(() => lost).toEqual(told);
    streams[0]?.write(settled(1, 1));
    await expect.poll(() => seen.length).toBe(1);
    streams[0]?.end();
    await opened(2);
    expect(streams[1]?.request).toMatchObject({ settle_index: '1' });
    expect(lost).toEqual([...told, 'stream_lost']);
  });

  test('of 0, the first message says that the stream is joined: told once more, and no more', async () => {
    await pool.close();
    pool = await poolOf([lnd.config]);
    const { lost, stop } = watch(0n);
    await opened(1);
    expect(lost).toEqual(['no_cursor']);
    streams[0]?.write(added(1));
    await expect.poll(() => lost, { timeout: 300, interval: 10 }).toEqual(['no_cursor', 'no_cursor']);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(lost).toHaveLength(2);
    stop();
  });

  test('of 0 and lost: told anew at the next stream, and not once it is stopped', async () => {
    const { lost, stop } = watch(0n);
    await opened(1);
    streams[0]?.fail({ code: 14, details: 'Connection dropped' });
    await opened(2);
    await expect.poll(() => lost.slice(lost.indexOf('stream_lost'))).toContain('no_cursor');
    stop();
    const { length } = lost;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(lost).toHaveLength(length);
  });

  test('E2: a node that counts from the beginning again: told, and followed', async () => {
    const { lost, seen } = watch(500n);
    await opened(1);
    streams[0]?.write(settled(1, 3));
    await expect.poll(() => seen.length).toBe(1);
    expect(lost).toEqual(['index_reset']);
    streams[0]?.end();
    await opened(2);
    expect(streams[1]?.request).toMatchObject({ settle_index: '3' });
  });

  test('the same settlement twice is handed over twice, and is no reset', async () => {
    const { lost, seen } = watch(4n);
    await opened(1);
    streams[0]?.write(settled(7, 5));
    streams[0]?.write(settled(7, 5));
    await expect.poll(() => seen.length).toBe(2);
    expect(lost).toEqual([]);
  });
});

describe('the stream', () => {
  test('comes back after any number of errors, with longer pauses', async () => {
    lnd.streams.subscribeinvoices = (out) => {
      streams.push(out);
      if (streams.length < 5) out.fail({ code: streams.length, details: 'no' });
    };
    const { seen } = watch(4n);
    await opened(5);
    streams[4]?.write(settled(7, 5));
    await expect.poll(() => seen.length).toBe(1);
  });

  test('ends when stopped, and is not opened again', async () => {
    const { stop, lost } = watch(4n);
    await opened(1);
    stop();
    await expect.poll(() => streams[0]?.isCancelled()).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(streams).toHaveLength(1);
    expect(lost).toEqual([]);
  });

  test('D5: one that is not SETTLED is not money', async () => {
    const { seen } = watch(4n);
    await opened(1);
    for (const state of ['OPEN', 'CANCELED', 'ACCEPTED']) streams[0]?.write({ ...settled(7, 5), state });
    streams[0]?.write(settled(8, 6));
    await expect.poll(() => seen.map((event) => event.settledIndex)).toEqual([6n]);
  });
});
