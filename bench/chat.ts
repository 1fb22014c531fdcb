// The chat answer: `/balance` by webhook until the sandbox sees the message, against a bare telegraf bot that only
// echoes, on the same sandbox and under the same load, one after the other in one run.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Phone } from '../sandbox/telegram/person.ts';
import { startTelegram, type Telegram } from '../sandbox/telegram/server.ts';
import { freePorts, until } from '../scripts/process.ts';
import { inTurn, type Rig, startRig } from '../scripts/rig.ts';
import { percentile, report } from './report.ts';

const PEOPLE = 256;
const IN_FLIGHT = 64;
const WARM_UP_MS = 4_000;
const MEASURE_MS = 10_000;
const ALONE = 400;

type Figures = { perSecond: number; p50Ms: number };

/** Load with many in flight, then one at a time. */
async function measure(phones: readonly Phone[], ask: (phone: Phone) => Promise<unknown>): Promise<Figures> {
  await load(phones, ask, WARM_UP_MS);
  const perSecond = await load(phones, ask, MEASURE_MS);
  const times: number[] = [];
  for (let i = 0; i < ALONE; i++) {
    const begun = performance.now();
    await ask(phones[i % phones.length]!);
    times.push(performance.now() - begun);
  }
  return {
    perSecond,
    p50Ms: percentile(
      times.sort((a, b) => a - b),
      0.5,
    ),
  };
}

async function load(phones: readonly Phone[], ask: (phone: Phone) => Promise<unknown>, forMs: number): Promise<number> {
  const end = performance.now() + forMs;
  let answers = 0;
  // Each person waits for the answer before asking again, as a chat's own queue makes them.
  const groups = Array.from({ length: IN_FLIGHT }, (_, i) => phones.filter((_, at) => at % IN_FLIGHT === i));
  await inTurn(groups, IN_FLIGHT, async (group) => {
    for (let i = 0; performance.now() < end; i++) {
      await ask(group[i % group.length]!);
      answers++;
    }
  });
  return (answers * 1_000) / forMs;
}

async function measureEcho(): Promise<Figures> {
  const token = '7000000002:echo-AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';
  const telegram: Telegram = await startTelegram({
    bots: [{ token, username: 'echo_bot', first_name: 'Echo' }],
    limits: 'off',
    keep: 10,
  });
  const [port = 0] = await freePorts(1);
  const file = fileURLToPath(new URL('echo-bot.ts', import.meta.url));
  const bot = spawn(process.execPath, [file, token, telegram.url, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await until('the echo bot is set', 10_000, async () => telegram.bot('echo_bot').webhook !== undefined);
    const phones = Array.from({ length: PEOPLE }, (_, i) => telegram.person({ id: 500 + i, first_name: `p${i}` }));
    return await measure(phones, (phone) => phone.ask('/balance', /balance/));
  } finally {
    bot.kill('SIGKILL');
    await telegram.stop();
  }
}

async function measureOurs(rig: Rig): Promise<Figures> {
  const phones = await rig.people(PEOPLE);
  return measure(phones, (phone) => phone.ask('/balance', /sat/));
}

const echo = await measureEcho();
// Neither has a proxy before it: a bot is measured beside a bot.
const rig = await startRig({ bots: 1, front: false });
try {
  const ours = await measureOurs(rig);
  await rig.checkBooks();
  const figures = (name: string, { perSecond, p50Ms }: Figures) =>
    `${name}: ${perSecond.toFixed(0)} answers a second at ${IN_FLIGHT} in flight, ${p50Ms.toFixed(2)} ms alone`;
  report(
    'chat',
    [
      { name: 'ratio_to_echo', value: ours.perSecond / echo.perSecond, goal: 0.5, better: 'higher' },
      { name: 'p50_over_echo_ms', value: ours.p50Ms - echo.p50Ms, goal: 5, better: 'lower' },
    ],
    [figures('echo', echo), figures('ours', ours)],
  );
} finally {
  await rig.end();
}
