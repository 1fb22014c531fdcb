// What spans cost: two bots on one house, one of which tells a collector of every step (OTEL_EXPORTER_OTLP_ENDPOINT), asked
// for `/balance` in turns, so that whatever else the machine does meets both. The collector takes everything and reads none.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Phone } from '../sandbox/telegram/person.ts';
import { inTurn, type Rig, startRig } from '../scripts/rig.ts';
import { post, textUpdate } from '../tests/support/fleet-updates.ts';
import { percentile, report } from './report.ts';

const PEOPLE = 64;
const IN_FLIGHT = 16;
const ROUNDS = 8;
const ROUND_MS = 500;
const WARM_UP_ROUNDS = 6;
const ALONE = 300;

type Side = { url: string; answers: number; cpuS: number; tookMs: number; aloneMs: number[] };

async function ask(rig: Rig, { url }: Side, phone: Phone): Promise<void> {
  const { status } = await post(rig, url, textUpdate(phone, '/balance'));
  if (status !== 200) throw new Error(`a bot answered ${status}`);
}

async function round(rig: Rig, side: Side, phones: readonly Phone[]): Promise<void> {
  const before = await readingOf(side.url, 'process_cpu_seconds_total');
  const begunMs = performance.now();
  const groups = Array.from({ length: IN_FLIGHT }, (_, i) => phones.filter((_, at) => at % IN_FLIGHT === i));
  await inTurn(groups, IN_FLIGHT, async (group) => {
    for (let i = 0; performance.now() - begunMs < ROUND_MS; i++) {
      await ask(rig, side, group[i % group.length]!);
      side.answers++;
    }
  });
  side.tookMs += performance.now() - begunMs;
  side.cpuS += (await readingOf(side.url, 'process_cpu_seconds_total')) - before;
}

async function readingOf(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function measure(rig: Rig, sides: readonly Side[], phones: readonly Phone[]): Promise<void> {
  for (let i = 0; i < WARM_UP_ROUNDS; i++) for (const side of sides) await round(rig, side, phones);
  for (const side of sides) Object.assign(side, { answers: 0, cpuS: 0, tookMs: 0 });
  for (let i = 0; i < ROUNDS; i++) for (const side of sides) await round(rig, side, phones);
  for (let i = 0; i < ALONE; i++) {
    for (const side of sides) {
      const begunMs = performance.now();
      await ask(rig, side, phones[i % phones.length]!);
      side.aloneMs.push(performance.now() - begunMs);
    }
  }
}

const collector = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.end('{}'));
});
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
const OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
const rig = await startRig({
  // The first is left to what people did before, so that both others come to it as fresh.
  bots: 3,
  front: false,
  between: {
    settings: async (name, environment) =>
      name === 'bot-3' ? { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT } : environment,
  },
});
try {
  const phones = await rig.people(PEOPLE);
  const sides = rig.fleet.bots.slice(1).map((url): Side => ({ url, answers: 0, cpuS: 0, tookMs: 0, aloneMs: [] }));
  const [off, on] = sides as [Side, Side];
  await measure(rig, sides, phones);
  const cpuMs = ({ cpuS, answers }: Side) => (cpuS * 1_000) / answers;
  const alone = ({ aloneMs }: Side, share: number) =>
    percentile(
      [...aloneMs].sort((a, b) => a - b),
      share,
    );
  const mb = async ({ url }: Side) => (await readingOf(url, 'process_resident_memory_bytes')) / 1_048_576;
  const [offMb, onMb] = [await mb(off), await mb(on)];
  const told = async (side: Side, name: string, megabytes: number) =>
    `${name}: ${cpuMs(side).toFixed(3)} ms of CPU an answer, ${((side.answers * 1_000) / side.tookMs).toFixed(0)} a second at ${IN_FLIGHT} in flight, alone p50 ${alone(side, 0.5).toFixed(2)} ms, p95 ${alone(side, 0.95).toFixed(2)} ms, ${megabytes.toFixed(0)} MB, spans ${await readingOf(side.url, 'satfleet_trace_spans_total')}`;
  report(
    'traces',
    [
      { name: 'memory_more_mb', value: onMb - offMb, goal: 30, better: 'lower' },
      { name: 'cpu_more_ms', value: cpuMs(on) - cpuMs(off), goal: 0.2, better: 'lower' },
      { name: 'p50_more_ms', value: alone(on, 0.5) - alone(off, 0.5), goal: 0.5, better: 'lower' },
    ],
    [await told(off, 'off', offMb), await told(on, 'on', onMb)],
  );
} finally {
  await rig.end();
  collector.close();
}
