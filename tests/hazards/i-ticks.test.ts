// What happens by the clock may be cut off anywhere and come again at once in two workers: it is done once.
import { afterAll, beforeAll, expect } from 'vitest';
import * as request from '../../src/flows/request.ts';
import * as send from '../../src/flows/send.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { findSend } from '../../src/infra/db/sends.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import { type Mishap, mortal } from '../support/crash-world.ts';
import { ask, available, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';
import { long } from './long.ts';

let house: House;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse();
  asha = await house.person('asha', 100_000n);
  baraka = await house.person('baraka');
});
afterAll(() => house.close());

const TICKS = ['reconcile', 'cleanup', 'balance-check'] as const;

/** All ticks of a full minute, one after the other. */
async function tick(world: WorkerWorld): Promise<void> {
  const job = { id: 'period-5000-12', traceId: 'tick', attempt: 1, last: false };
  for (const queue of TICKS) await PROCESSORS[queue]({ world } as never, job);
}

/** A send that is over, an invoice that was paid unheard, a request that nobody answered. */
async function overdue() {
  const from = { ...asha, fromName: asha.name, channel: 'telegram', amountMsat: 2_000n };
  const draft = await send.quote(house.world, { ...from, to: { username: 'not_here_yet' } });
  await send.start(house.world, draft);
  await ask(house.world, 'update sends set expires_at = created_at where id = $1', [draft.id]);
  const invoice = await house.invoice(baraka, 3n);
  await house.outside.pay({ request: invoice.request });
  const asked = await request.ask(house.world, { ...from, to: { username: 'baraka' } });
  await ask(house.world, 'update requests set expires_at = created_at where id = $1', [asked.id]);
  return { sendId: draft.id, invoiceId: invoice.id, requestId: asked.id };
}

long(
  'I3: a worker killed at every step of its scheduled jobs, and two that do them again at once: all is done once',
  async () => {
    let runs = 0;
    for (const what of ['dies before', 'dies after'] as const satisfies Mishap['what'][]) {
      for (let step = 1; ; step++) {
        const before = [await available(house.world, asha), await available(house.world, baraka)];
        const { sendId, invoiceId, requestId } = await overdue();
        const { world, life } = mortal(house.world, { step, what });
        await tick(world).catch(() => {});
        runs++;
        await Promise.all([tick(house.world), tick(house.world)]);
        const context = `${what} step ${step}`;
        expect((await findSend(house.world.db, sendId))?.state, context).toBe('returned');
        expect((await findInvoiceRow(house.world.db, invoiceId))?.state, context).toBe('settled');
        expect(await told(house.world, sendId), context).toEqual(['send_returned']);
        expect(await told(house.world, invoiceId), context).toEqual(['invoice_paid', 'invoice_ready']);
        expect(
          (await told(house.world, requestId)).filter((kind) => kind.includes('×')),
          context,
        ).toEqual([]);
        const gains = [await available(house.world, asha), await available(house.world, baraka)].map(
          (now, at) => now - (before[at] ?? 0n),
        );
        expect(gains, context).toEqual([0n, 3_000n]);
        if (!life.met) break;
      }
    }
    expect(runs).toBeGreaterThan(50);
    await booksAreRight(house.world);
  },
);
