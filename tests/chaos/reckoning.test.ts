// The judges of a chaos run can tell: each kind of wrong account is shown to them, and a right one. And what decides a
// run is decided by its seed.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { layWire } from '../support/fleet-wire.ts';
import { invoicesAgainstNodes, paymentsAgainstNodes, toldAgainstLedger } from './agree.ts';
import { CATALOGUE } from './catalogue.ts';
import { dice } from './dice.ts';
import { Ears, type News, read } from './ears.ts';
import type { ListedInvoice, ListedPayment } from './node-lists.ts';
import { faultsInOrder } from './storm.ts';
import { judge, type Run } from './verdict.ts';

const HASH = 'ab'.repeat(32);

describe('what people were told', () => {
  test('is read from the words themselves', () => {
    expect(
      read('✅ Received 1,002 sats (≈ KSh 130.00). They are in your wallet now.\nNote: op7\nNo. 1a2b3c4d'),
    ).toEqual({
      kind: 'received',
      keys: ['1a2b3c4d', 'op7'],
      changeMsat: 1_002_000n,
    });
    expect(read('✅ Sent 1 sat to @baraka. It has arrived, and cost no fee.\nNote: op8')).toEqual({
      kind: 'sent',
      keys: ['op8'],
      changeMsat: -1_000n,
    });
    expect(read('✅ Paid 5 sats (≈ KSh 1.00). Fee: 1 sat.\nNote: op9\nNo. 99887766')?.changeMsat).toBe(-6_000n);
    expect(read('↩️ Your payment of 5 sats did not go through. All of …\nNo. 99887766')?.kind).toBe('failed');
    expect(read('Send this?\nAmount: 5 sats\nNote: op10')).toBeUndefined();
  });

  test('counts once, however often it is said', async () => {
    const ears = new Ears();
    const news: News = { chatId: 1, kind: 'received', keys: ['n1', 'op1'], changeMsat: 5_000n, messageId: 1 };
    const heard = ears.wait(1, ['paid', 'received'], 'op1', 1_000);
    ears.tell(news);
    ears.tell({ ...news, messageId: 2 });
    ears.tell({ ...news, messageId: 2 });
    expect(await heard).toBe('received');
    expect([ears.told.length, ears.copies]).toEqual([1, 2]);
  });

  test('is held against the ledger to the millisatoshi', () => {
    const told: News[] = [{ chatId: 1, kind: 'received', keys: ['n1'], changeMsat: 5_000n, messageId: 1 }];
    expect(toldAgainstLedger([{ chatId: 1, postedMsat: 5_000n }], told)).toEqual([]);
    expect(toldAgainstLedger([{ chatId: 1, postedMsat: 4_999n }], told)).toMatchObject([{ offMsat: 1n }]);
    const lied: News[] = ['paid' as const, 'failed' as const].map((kind) => ({
      chatId: 1,
      kind,
      keys: ['n2'],
      changeMsat: 0n,
      messageId: 2,
    }));
    expect(toldAgainstLedger([], lied)).toHaveLength(1);
  });
});

describe('what the nodes list', () => {
  const row = { id: 'p', hash: HASH, state: 'paid', node: 'alice', amountMsat: 5_000n, feeMsat: 1_000n };
  const paid: ListedPayment = { node: 'alice', hash: HASH, state: 'paid', amountMsat: 5_000n, feeMsat: 1_000n };
  const atCarol: ListedInvoice = { node: 'carol', hash: HASH, state: 'paid', receivedMsat: 5_000n };

  test('agrees with the payments, or not', () => {
    const lists = { payments: [paid], invoices: [atCarol] };
    expect(paymentsAgainstNodes([row], lists)).toEqual([]);
    expect(paymentsAgainstNodes([{ ...row, feeMsat: 999n }], lists)).toMatchObject([{ offMsat: 1n }]);
    expect(paymentsAgainstNodes([{ ...row, node: 'bob' }], lists)).toHaveLength(1);
    expect(paymentsAgainstNodes([{ ...row, state: 'failed' }], lists).length).toBeGreaterThan(0);
    expect(paymentsAgainstNodes([row], { payments: [], invoices: [] }).length).toBeGreaterThan(0);
    const twice = { payments: [paid, { ...paid, node: 'bob' }], invoices: [atCarol] };
    expect(paymentsAgainstNodes([row], twice)).toMatchObject([{ what: expect.stringContaining('2 times') }]);
  });

  test('agrees with the invoices, or not', () => {
    const own = { id: 'i', hash: HASH, state: 'settled', node: 'bob', receivedMsat: 7_000n };
    const lists = { payments: [], invoices: [{ ...atCarol, node: 'bob', receivedMsat: 7_000n }] };
    expect(invoicesAgainstNodes([own], lists)).toEqual([]);
    expect(invoicesAgainstNodes([{ ...own, state: 'open' }], lists)).toMatchObject([{ offMsat: 7_000n }]);
    expect(invoicesAgainstNodes([own], { payments: [], invoices: [] })).toMatchObject([{ offMsat: 7_000n }]);
    const byCarol = { payments: [{ ...paid, node: 'carol' }], invoices: [] };
    expect(invoicesAgainstNodes([{ ...own, state: 'open' }], byCarol)).toHaveLength(1);
  });
});

describe('a run', () => {
  const settled = { ms: 1, unknown: [], left: undefined };
  const run: Run = {
    seed: 1,
    minutes: 10,
    blows: [],
    broken: [],
    done: [],
    waits: [{ who: 'asha', what: '/balance', atMs: 0, firstMs: 20 }],
    troubles: [],
    copies: 0,
    settleMs: 1,
    settled: [settled, settled],
    reckoning: { faults: [], offMsat: 0n, lists: { payments: [], invoices: [] } },
  };
  const left = { ...settled, left: '1 jobs' };
  const unknown = { id: 'p', node: 'alice', hash: HASH, heldMsat: 5_000n, isTold: true };

  test('without a fault is good, and so is a payment that LND never ends, held and told', () => {
    expect(judge(run).lines.filter((line) => line.includes('FAULT'))).toEqual([]);
    expect(judge({ ...run, settled: [settled, { ...settled, unknown: [unknown] }] }).ok).toBe(true);
  });

  const bad: [string, Partial<Run>][] = [
    ['that did not settle at first', { settled: [left, settled] }],
    ['that did not settle at last', { settled: [settled, left] }],
    [
      'with an unknown payment nobody was told of',
      { settled: [settled, { ...settled, unknown: [{ ...unknown, isTold: false }] }] },
    ],
    [
      'with an unknown payment that is not held',
      { settled: [settled, { ...settled, unknown: [{ ...unknown, heldMsat: 0n }] }] },
    ],
    [
      'with somebody left without an answer',
      { waits: [{ who: 'asha', what: '/balance', atMs: 0, firstMs: undefined }] },
    ],
    ['where everybody waited too long', { waits: [{ who: 'asha', what: '/balance', atMs: 0, firstMs: 6_000 }] }],
    ['where something did not come back', { broken: ['kill: alice: no answer'] }],
    ['where something was odd', { troubles: ['an answer to nobody'] }],
    [
      'with a millisatoshi off',
      { reckoning: { ...run.reckoning, faults: [{ what: 'off', offMsat: 1n }], offMsat: 1n } },
    ],
  ];
  test.each(bad)('%s is bad', (_what, change) => {
    expect(judge({ ...run, ...change })).toMatchObject({ ok: false, figures: { ok: false } });
  });
});

test('the seed decides the order of the faults, and each comes as often as it stands in the catalogue', () => {
  const order = (seed: number) => {
    const faults = faultsInOrder(dice(seed));
    return Array.from({ length: 2 * CATALOGUE.length }, () => faults.next().value.name);
  };
  expect(order(5)).toEqual(order(5));
  expect(order(5)).not.toEqual(order(6));
  expect(order(5).sort()).toEqual([...CATALOGUE, ...CATALOGUE].map(({ name }) => name).sort());
});

test('a wire is cut, is silent, and is whole again', async () => {
  const server = createServer((socket) => socket.pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const wire = await layWire(`127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  const open = async () => {
    const socket = connect(wire.port, '127.0.0.1').setEncoding('utf8');
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  const said = async (socket: Awaited<ReturnType<typeof open>>) => String((await once(socket, 'data'))[0]);
  const socket = await open();
  socket.write('one');
  expect(await said(socket)).toBe('one');
  wire.silence();
  socket.write('two');
  const answer = said(socket);
  expect(await Promise.race([answer, sleep(100, 'silence')])).toBe('silence');
  wire.mend();
  expect(await answer).toBe('two');
  const closed = once(socket, 'close');
  wire.cut();
  await closed;
  await once(await open(), 'close');
  wire.mend();
  const again = await open();
  again.write('three');
  expect(await said(again)).toBe('three');
  again.destroy();
  await wire.close();
  server.close();
});
