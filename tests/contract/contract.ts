// What LND answers, call by call, as the product relies on it. The same suite runs against the sandbox's nodes and
// against real LND, so that the sandbox cannot drift from the truth.
import { afterAll, beforeAll, describe } from 'vitest';
import type { LightningNetwork } from '../../sandbox/lnd/lightning-network.ts';
import { access, refusedAccess, restrictedAccess } from './contract-access.ts';
import { endings, outages } from './contract-endings.ts';
import { cancels, holds } from './contract-holds.ts';
import { invoiceEnds, invoices } from './contract-invoices.ts';
import { outside } from './contract-outside.ts';
import { amounts, fees, payments } from './contract-payments.ts';
import { again, details, refusals } from './contract-refusals.ts';
import { cursors, lists } from './contract-streams.ts';
import { openSetting, type Setting } from './setting.ts';

/**
 * Runs the whole contract.
 * @param start makes a new network that nobody else uses; it is ended here.
 */
export function contract(name: string, start: () => Promise<LightningNetwork>, startTimeoutMs: number): void {
  describe(`the contract of LND, kept by ${name}`, { timeout: 20_000 }, () => {
    let setting: Setting | undefined;
    const at = (): Setting => {
      if (!setting) throw new Error('the network has not started');
      return setting;
    };
    beforeAll(async () => {
      setting = openSetting(await start());
    }, startTimeoutMs);
    afterAll(async () => {
      await setting?.network.stop();
    });
    // The first of all: it needs nodes that never had an invoice.
    describe('invoices', () => invoices(at));
    describe('the ends of an invoice', () => invoiceEnds(at));
    describe('payments', () => payments(at));
    describe('fees', () => fees(at));
    describe('amounts', () => amounts(at));
    describe('refusals', () => refusals(at));
    describe('paying again', () => again(at));
    describe('paying by details', () => details(at));
    describe('hold invoices', () => holds(at));
    describe('canceled hold invoices', () => cancels(at));
    describe('cursors', () => cursors(at));
    describe('lists', () => lists(at));
    describe('rights', () => access(at));
    describe('refused rights', () => refusedAccess(at));
    describe('restricted rights', () => restrictedAccess(at));
    describe('the wallet elsewhere', () => outside(at));
    // The last: they end nodes.
    describe('a node that hangs or is down', () => outages(at));
    describe('a node that dies during a payment', () => endings(at));
  });
}
