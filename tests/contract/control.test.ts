// The sandbox as a program: its ready line, its control interface, and that it ends when told.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInvoice, getWalletInfo } from 'lightning';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientOf } from '../../sandbox/lnd/client.ts';
import type { LightningNode } from '../../sandbox/lnd/lightning-network.ts';
import { Daemon, Guard } from '../../scripts/process.ts';
import { rejected } from './setting.ts';

const dir = mkdtempSync(join(tmpdir(), 'satfleet-sandbox-control-'));
const guard = new Guard(dir);
const daemon = new Daemon({
  name: 'sandbox lightning',
  file: process.execPath,
  args: [join(import.meta.dirname, '../../sandbox/lnd/main.ts'), '--dir', join(dir, 'state')],
  logFile: join(dir, 'log'),
  guard,
});

type Ready = { control: string; nodes: { alias: string; rpc: string; cert: string; macaroon: string }[] };
let ready: Ready;

beforeAll(async () => {
  daemon.start();
  ready = await daemon.until('is ready', 15_000, async () => {
    const line = readFileSync(daemon.logFile, 'utf8').split('\n')[0];
    return line ? (JSON.parse(line) as Ready) : undefined;
  });
});
afterAll(async () => {
  if (daemon.running) await daemon.kill();
  await guard.finish();
  rmSync(dir, { recursive: true, force: true });
});

async function ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await fetch(ready.control + path, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  return (await answer.json()) as Record<string, unknown>;
}

function bob() {
  const node = ready.nodes.find(({ alias }) => alias === 'bob');
  return clientOf({ socket: node?.rpc, certFile: node?.cert, macaroonFile: node?.macaroon } as LightningNode);
}

test('an invoice of ours is paid from outside', async () => {
  const made = await createInvoice({ lnd: bob(), tokens: 500 });
  expect(await ask('POST', '/nodes/carol/pay', { request: made.request })).toMatchObject({ state: 'paid' });
  const payments = (await ask('GET', '/nodes/carol/payments')) as unknown as { hash: string }[];
  expect(payments[0]).toMatchObject({ hash: made.id, amountMsat: '500000', state: 'paid' });
});

test('the outside asks to be paid, and changes its mind', async () => {
  const made = await ask('POST', '/nodes/carol/invoices', { amountSat: 1_000, memo: 'ndizi', hold: true });
  expect(made).toMatchObject({ hash: expect.any(String), request: expect.stringMatching(/^lnbcrt10u1/) });
  expect(await ask('POST', '/nodes/carol/settle', made)).toEqual({ error: 'CannotSettleHtlcBeforeHtlcReceived' });
  expect(await ask('POST', '/nodes/carol/cancel', made)).toEqual({ ok: true });
  const invoices = (await ask('GET', '/nodes/carol/invoices')) as unknown as object[];
  expect(invoices[0]).toMatchObject({ memo: 'ndizi', state: 'closed', amountMsat: '1000000' });
});

test('nodes come and go, and meet faults', async () => {
  expect(await ask('POST', '/nodes/bob/stop')).toEqual({ ok: true });
  expect(await rejected(getWalletInfo({ lnd: bob() }))).toMatchObject({ grpc: 14 });
  expect(await ask('POST', '/nodes/bob/start')).toEqual({ ok: true });
  expect(await getWalletInfo({ lnd: bob() })).toMatchObject({ alias: 'bob' });
  expect(await ask('POST', '/nodes/bob/faults', { lateMs: 5 })).toMatchObject({ lateMs: 5, hang: false });
  expect(await ask('POST', '/nodes/bob/faults', { lateMs: 'x' })).toEqual({
    error: 'the fault "lateMs" cannot be "x"',
  });
  expect(await ask('POST', '/nodes/dave/stop')).toMatchObject({ error: expect.stringContaining('no node "dave"') });
  expect(await ask('GET', '/nowhere')).toEqual({ error: 'there is no GET /nowhere' });
});

test('it ends when told', async () => {
  expect(await daemon.stop('SIGTERM', 3_000)).toEqual({ code: 0, signal: null });
});
