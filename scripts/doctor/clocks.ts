// Whether the clocks agree: this machine's, PostgreSQL's (which the product follows) and Telegram's.
import pg from 'pg';
import type { Config } from '../../src/base/config.ts';
import { type Finding, fault, ok, reason, warning } from './finding.ts';

const DOUBTFUL_MS = 2_000;
const WRONG_MS = 30_000;
const DEADLINE_MS = 5_000;

/** Each clock against this machine's. */
export async function checkClocks(config: Config): Promise<Finding[]> {
  const clocks = [
    { name: 'PostgreSQL', ask: () => postgresMs(config), exactMs: 0 },
    // An HTTP date has whole seconds.
    { name: 'Telegram', ask: () => httpMs(config.TELEGRAM_API_ROOT), exactMs: 1_000 },
  ];
  return Promise.all(
    clocks.map(async ({ name, ask, exactMs }) => {
      try {
        const asked = Date.now();
        const theirs = await ask();
        const skewMs = Math.round(theirs + exactMs / 2 - (asked + Date.now()) / 2);
        return judge(name, skewMs, exactMs);
      } catch (error) {
        return warning(`The clock of ${name} cannot be read: ${reason(error)}`, 'See the fault above or below.');
      }
    }),
  );
}

function judge(name: string, skewMs: number, exactMs: number): Finding {
  const off = Math.abs(skewMs) - exactMs;
  const what = `This machine's clock and that of ${name} are ${Math.abs(skewMs)} ms apart`;
  const todo = 'Keep time on both by NTP.';
  if (off > WRONG_MS) return fault(what, todo);
  return off > DOUBTFUL_MS ? warning(what, todo) : ok(`This machine's clock and that of ${name} agree`);
}

async function postgresMs({ DATABASE_URL }: Config): Promise<number> {
  const client = new pg.Client({ connectionString: DATABASE_URL, connectionTimeoutMillis: DEADLINE_MS });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ ms: string }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms');
    return Number(rows[0]?.ms);
  } finally {
    await client.end();
  }
}

async function httpMs(url: string): Promise<number> {
  const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(DEADLINE_MS) });
  const date = answer.headers.get('date');
  if (!date) throw new Error('its answers bear no date');
  return Date.parse(date);
}
