// What the machine can do: a bare telegraf bot that only echoes, under the load that a bench of ours gives the product.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Phone } from '../sandbox/telegram/person.ts';
import { startTelegram, type Telegram } from '../sandbox/telegram/server.ts';
import { freePorts, until } from '../scripts/process.ts';
import { inTurn } from '../scripts/rig.ts';
import { percentile } from './report.ts';

export const PEOPLE = 256;
export const IN_FLIGHT = 64;
const WARM_UP_MS = 4_000;
const MEASURE_MS = 10_000;
const ALONE = 400;

export type Figures = { perSecond: number; p50Ms: number };

/** Load with many in flight, then one at a time. */
export async function measureAnswers(
  phones: readonly Phone[],
  ask: (phone: Phone) => Promise<unknown>,
): Promise<Figures> {
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

/** The echo bot on a sandbox of its own. */
export async function measureEcho(): Promise<Figures> {
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
    return await measureAnswers(phones, (phone) => phone.ask('/balance', /balance/));
  } finally {
    bot.kill('SIGKILL');
    await telegram.stop();
  }
}
