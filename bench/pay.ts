// Payments by chat over real LND, through bot, queue and worker, against ln-service straight on the same nodes in the
// same run, from the order to its end; then, on the sandbox's nodes, with one transient fault in ten, to see how many end paid without the person
// doing anything.
import { setTimeout as sleep } from 'node:timers/promises';
import { payViaPaymentRequest } from 'lightning';
import { clientOf } from '../sandbox/lnd/client.ts';
import type { PaymentFault } from '../sandbox/lnd/faults.ts';
import type { Phone } from '../sandbox/telegram/person.ts';
import { fund, inTurn, type Rig, startRig } from '../scripts/rig.ts';
import { percentile, report } from './report.ts';

const IN_FLIGHT = 20;
const PAYMENTS = 600;
const ALONE = 60;
const SATS = 100n;
const WAIT_MS = 60_000;
/** Between payments alone: one right behind another rides with the commit that LND makes 50 ms after the first. */
const REST_MS = 250;
const FAULTY_PAYMENTS = 300;
const ONE_IN = 10;

async function requests(rig: Rig, count: number): Promise<string[]> {
  const made: string[] = [];
  await inTurn(Array.from({ length: count }), 8, async () => {
    made.push((await rig.outside.makeInvoice({ amountMsat: SATS * 1_000n })).request);
  });
  return made;
}

/** Times of payments in milliseconds, one list for those at once and one for those alone. */
type Times = { seconds: number; atOnce: number[]; alone: number[] };

/** A way to pay: what comes before the order, and what is measured. */
type Payer = {
  /** Reads the invoice, up to where the person has only to say yes. */
  prepare(request: string): Promise<void>;
  /** Says yes to what was prepared last and is not paid, and waits for its end. */
  pay(): Promise<unknown>;
};

async function timed(rig: Rig, payers: readonly Payer[]): Promise<Times> {
  const everyone = (run: (payer: Payer) => Promise<void>) => inTurn(payers, payers.length, run);
  const prepared = async (count: number) => {
    const invoices = await requests(rig, count * payers.length);
    await everyone(async (payer) => {
      for (const request of invoices.splice(0, count)) await payer.prepare(request);
    });
  };
  const timesOf = async (payer: Payer, count: number, restMs: number) => {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      await sleep(restMs);
      const begun = performance.now();
      await payer.pay();
      times.push(performance.now() - begun);
    }
    return times;
  };
  await prepared(1);
  await everyone(async (payer) => void (await payer.pay()));
  await prepared(PAYMENTS / payers.length);
  const atOnce: number[] = [];
  const begun = performance.now();
  await everyone(async (payer) => void atOnce.push(...(await timesOf(payer, PAYMENTS / payers.length, 0))));
  const seconds = (performance.now() - begun) / 1_000;
  const [first] = payers;
  for (const request of await requests(rig, ALONE)) await first!.prepare(request);
  const alone = await timesOf(first!, ALONE, REST_MS);
  const rising = (list: number[]) => list.sort((a, b) => a - b);
  return { seconds, atOnce: rising(atOnce), alone: rising(alone) };
}

function straight(rig: Rig): Promise<Times> {
  const nodes = ['alice', 'bob'].map((alias) => clientOf(rig.lightning.nodes[alias]!));
  const payers = Array.from({ length: IN_FLIGHT }, (_, index): Payer => {
    const invoices: string[] = [];
    return {
      prepare: async (request) => void invoices.push(request),
      pay: () =>
        payViaPaymentRequest({ lnd: nodes[index % nodes.length]!, request: invoices.pop() ?? '', max_fee: 10 }),
    };
  });
  return timed(rig, payers);
}

/** Pastes invoices, and taps. What is timed goes from the tap to the receipt. */
function byChat(phone: Phone): Payer {
  return {
    prepare: async (request) => void (await phone.ask(request, (message) => message.buttons.length > 0, WAIT_MS)),
    async pay() {
      phone.press(/Pay/);
      await phone.waitFor(/Paid/, WAIT_MS);
    },
  };
}

async function onRealNodes() {
  const rig = await startRig({ lightning: 'real', keptMessages: 4 * ALONE });
  try {
    const phones = await rig.people(IN_FLIGHT);
    await fund(rig, phones, 60_000n);
    const bare = await straight(rig);
    const ours = await timed(rig, phones.map(byChat));
    await rig.checkBooks();
    return { bare, ours };
  } finally {
    await rig.end();
  }
}

/** The share of payments that met a transient fault and ended paid all the same. */
async function withFaults(): Promise<number> {
  const rig = await startRig();
  try {
    const phones = await rig.people(IN_FLIGHT);
    await fund(rig, phones, 60_000n);
    const before = await requests(rig, FAULTY_PAYMENTS);
    const kinds: PaymentFault[] = ['unsent', 'sent', 'starting', 'TIMEOUT', 'NO_ROUTE'];
    for (const alias of ['alice', 'bob']) rig.sandbox?.setFaults(alias, { transient: { every: ONE_IN, kinds } });
    let lost = 0;
    await inTurn(phones.map(byChat), phones.length, async (payer) => {
      for (let request = before.pop(); request; request = before.pop()) {
        try {
          await payer.prepare(request);
          await payer.pay();
        } catch {
          lost++;
        }
      }
    });
    for (const alias of ['alice', 'bob']) rig.sandbox?.setFaults(alias, { transient: null });
    await rig.checkBooks();
    const met = Math.floor(FAULTY_PAYMENTS / ONE_IN);
    return Math.max(0, met - lost) / met;
  } finally {
    await rig.end();
  }
}

const recovered = await withFaults();
const { bare, ours } = await onRealNodes();
const perSecond = ({ seconds, atOnce }: Times) => atOnce.length / seconds;
const figures = (name: string, times: Times) =>
  `${name}: ${perSecond(times).toFixed(0)} a second at ${IN_FLIGHT} in flight, ${percentile(times.alone, 0.5).toFixed(0)} ms alone`;
report(
  'pay',
  [
    { name: 'ratio_to_lnd', value: perSecond(ours) / perSecond(bare), goal: 0.9, better: 'higher' },
    {
      name: 'p50_over_lnd_ms',
      value: percentile(ours.alone, 0.5) - percentile(bare.alone, 0.5),
      goal: 15,
      better: 'lower',
    },
    { name: 'confirm_p95_ms', value: percentile(ours.atOnce, 0.95), goal: 2_000, better: 'lower' },
    { name: 'recovered_ratio', value: recovered, goal: 0.95, better: 'higher' },
  ],
  [figures('LND straight', bare), figures('by chat, from tap to receipt', ours)],
);
