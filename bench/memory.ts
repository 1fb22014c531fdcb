// Resident memory of a bot and a worker under ten minutes of mixed load (balances, transfers, invoices, payments), and
// how much of it still grows in the second half. `--minutes N` for a shorter look.
import { parseArgs } from 'node:util';
import type { Phone } from '../sandbox/telegram/person.ts';
import type { MessageView } from '../sandbox/telegram/view.ts';
import { fund, inTurn, type Rig, startRig } from '../scripts/rig.ts';
import { report } from './report.ts';

const PEOPLE = 128;
const WAIT_MS = 30_000;
const SAMPLE_MS = 5_000;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);

// News of others comes in between, and has buttons of its own.
const isCard = ({ buttons }: MessageView) =>
  buttons.flat().some((button) => button.callback_data?.startsWith('confirm:'));

async function one(rig: Rig, phone: Phone, other: Phone, round: number): Promise<void> {
  if (round % 10 === 0) {
    const { request } = await rig.outside.makeInvoice({ amountMsat: 1_000n });
    await phone.ask(request, isCard, WAIT_MS);
    phone.press(/Pay/);
    await phone.waitFor(/Paid/, WAIT_MS);
  } else if (round % 3 === 0) {
    await phone.ask(`/send 1 @${other.person.username}`, isCard, WAIT_MS);
    phone.press(/Send/);
    await phone.waitFor(/Sent/, WAIT_MS);
  } else await phone.ask('/balance', /sat/, WAIT_MS);
}

/** Resident memory of a process, in MB, as it says itself. */
async function residentMb(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = /^process_resident_memory_bytes (\S+)/m.exec(text)?.[1];
  return Number(value) / 1_048_576;
}

type Sample = { minute: number; bot: number; worker: number };

async function run(rig: Rig): Promise<Sample[]> {
  const phones = await rig.people(PEOPLE);
  await fund(rig, phones, 50_000n);
  const samples: Sample[] = [];
  const begun = performance.now();
  const minute = () => (performance.now() - begun) / 60_000;
  const [botUrl = ''] = rig.fleet.bots;
  const timer = setInterval(async () => {
    const [bot, worker] = await Promise.all([residentMb(botUrl), residentMb(rig.fleet.worker)]);
    samples.push({ minute: minute(), bot, worker });
  }, SAMPLE_MS);
  const each = phones.map((phone, i) => ({ phone, other: phones[(i + 1) % PEOPLE]! }));
  await inTurn(each, PEOPLE, async ({ phone, other }) => {
    for (let round = 1; minute() < minutes; round++) await one(rig, phone, other, round);
  });
  clearInterval(timer);
  return samples;
}

/** The slope of a straight line through the second half of the samples, in MB a minute. */
function growth(samples: readonly Sample[], of: 'bot' | 'worker'): number {
  const half = samples.slice(Math.floor(samples.length / 2));
  const mean = (pick: (sample: Sample) => number) => half.reduce((sum, each) => sum + pick(each), 0) / half.length;
  const x = mean((sample) => sample.minute);
  const y = mean((sample) => sample[of]);
  const rise = half.reduce((sum, each) => sum + (each.minute - x) * (each[of] - y), 0);
  return rise / half.reduce((sum, each) => sum + (each.minute - x) ** 2, 0);
}

const rig = await startRig();
try {
  const samples = await run(rig);
  await rig.checkBooks();
  const last = samples.at(-1);
  if (!last) throw new Error('the run was too short for a sample');
  const most = (of: 'bot' | 'worker') => Math.max(...samples.map((sample) => sample[of])).toFixed(0);
  report(
    'memory',
    [
      { name: 'bot_mb', value: last.bot, goal: 200, better: 'lower' },
      { name: 'worker_mb', value: last.worker, goal: 200, better: 'lower' },
      {
        name: 'growth_mb_per_minute',
        value: Math.max(growth(samples, 'bot'), growth(samples, 'worker')),
        goal: 1,
        better: 'lower',
      },
    ],
    [`after ${minutes} minutes; the most at any time: bot ${most('bot')} MB, worker ${most('worker')} MB`],
  );
} finally {
  await rig.end();
}
