// Payments by chat over real LND, through bot, queue and worker, against ln-service straight on the same nodes in the
// same run; then, on the sandbox's nodes, with one transient fault in ten, to see how many end paid without the person
// doing anything.
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
const FAULTY_PAYMENTS = 300;
const ONE_IN = 10;

async function requests(rig: Rig, count: number): Promise<string[]> {
  const made: string[] = [];
  await inTurn(Array.from({ length: count }), 8, async () => {
    made.push((await rig.outside.makeInvoice({ amountMsat: SATS * 1_000n })).request);
  });
  return made;
}

/** Times of payments, one list for those at once and one for those alone. */
type Times = { seconds: number; atOnce: number[]; alone: number[] };

async function timed(
  rig: Rig,
  payers: number,
  pay: (request: string, payer: number) => Promise<number>,
): Promise<Times> {
  const warm = await requests(rig, payers);
  await inTurn(
    warm.map((request, payer) => ({ request, payer })),
    payers,
    async ({ request, payer }) => void (await pay(request, payer)),
  );
  const invoices = await requests(rig, PAYMENTS);
  const atOnce: number[] = [];
  const begun = performance.now();
  await inTurn(
    Array.from({ length: payers }, (_, payer) => payer),
    payers,
    async (payer) => {
      for (let request = invoices.pop(); request; request = invoices.pop()) atOnce.push(await pay(request, payer));
    },
  );
  const seconds = (performance.now() - begun) / 1_000;
  const alone: number[] = [];
  for (const request of await requests(rig, ALONE)) alone.push(await pay(request, 0));
  const rising = (list: number[]) => list.sort((a, b) => a - b);
  return { seconds, atOnce: rising(atOnce), alone: rising(alone) };
}

function straight(rig: Rig): Promise<Times> {
  const nodes = ['alice', 'bob'].map((alias) => clientOf(rig.lightning.nodes[alias]!));
  return timed(rig, IN_FLIGHT, async (request, payer) => {
    const begun = performance.now();
    await payViaPaymentRequest({ lnd: nodes[payer % nodes.length]!, request, max_fee: 10 });
    return performance.now() - begun;
  });
}

/** Pays by chat; gives the time from the tap to the receipt. */
async function payByChat(phone: Phone, request: string): Promise<number> {
  await phone.ask(request, (message) => message.buttons.length > 0, WAIT_MS);
  const begun = performance.now();
  phone.press(/Pay/);
  await phone.waitFor(/Paid/, WAIT_MS);
  return performance.now() - begun;
}

async function onRealNodes() {
  const rig = await startRig({ lightning: 'real' });
  try {
    const phones = await rig.people(IN_FLIGHT);
    await fund(rig, phones, 60_000n);
    const bare = await straight(rig);
    const ours = await timed(rig, IN_FLIGHT, (request, payer) => payByChat(phones[payer]!, request));
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
    await inTurn(phones, phones.length, async (phone) => {
      for (let request = before.pop(); request; request = before.pop()) {
        try {
          await payByChat(phone, request);
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
  [figures('LND straight', bare), figures('by chat, from paste to receipt', ours)],
);
