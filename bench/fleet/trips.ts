// How often a bot goes to Redis and to PostgreSQL and back for one answer: counted on the wire, by relays between a bot of
// its own and the servers, so that what the bot believes of itself does not matter. It is the median over many answers, since
// now and then the bot's heartbeat falls into one.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { freePorts } from '../../scripts/process.ts';
import { isReady, type Rig } from '../../scripts/rig.ts';
import { webhookSecret } from '../../src/channels/telegram/registry.ts';
import { SECRET_HEADER } from '../../src/channels/telegram/webhook.ts';
import { percentile } from '../report.ts';

/** Few enough that nobody is told to wait. */
const ROUNDS = 2;
/** What follows an answer belongs to it. */
const AFTER_MS = 40;

type Relay = { url: string; count: () => number; close: () => void };

/** Counts each turn of speech from the client as one: what is sent together is answered together. */
async function relay(url: string): Promise<Relay> {
  const { hostname, port } = new URL(url);
  let trips = 0;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    let isClients = false;
    near.on('data', () => {
      if (!isClients) trips++;
      isClients = true;
    });
    far.on('data', () => {
      isClients = false;
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.setNoDelay(true).on('error', () => other.destroy());
      one.on('close', () => other.destroy()).pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = new URL(url);
  own.port = String((server.address() as AddressInfo).port);
  return { url: own.toString(), count: () => trips, close: () => server.close() };
}

export type Trips = { redis: number; postgres: number };

/** Round trips of one `/balance`, the median. */
export async function tripsOfBalance(rig: Rig, people: readonly Phone[]): Promise<Trips> {
  const names = ['DATABASE_URL', 'REDIS_SESSION_URL', 'REDIS_CACHE_URL', 'REDIS_QUEUE_URL'] as const;
  const relays = await Promise.all(names.map((name) => relay(rig.environment[name] ?? '')));
  const [port = 0] = await freePorts(1);
  const settings = Object.fromEntries(names.map((name, at) => [name, relays[at]?.url ?? '']));
  const bot = rig.startBot('bot-counted', { ...settings, PORT: String(port) });
  const url = `http://127.0.0.1:${port}`;
  try {
    await isReady(url);
    const [botId = ''] = (rig.environment.TELEGRAM_BOTS ?? '').split(':');
    const headers = { [SECRET_HEADER]: webhookSecret(rig.environment.APP_SECRET ?? '', botId) };
    let updateId = 1_500_000_000;
    const counted = () => relays.map(({ count }) => count());
    const ask = async (phone: Phone): Promise<Trips> => {
      const before = counted();
      const body = balanceOf(phone, ++updateId);
      const answer = await fetch(`${url}/telegram/${botId}`, { method: 'POST', headers, body });
      if (answer.status !== 200) throw new Error(`the counted bot answered ${answer.status}`);
      await sleep(AFTER_MS);
      const [postgres = 0, ...redis] = counted().map((after, at) => after - (before[at] ?? 0));
      return { redis: redis.reduce((sum, each) => sum + each, 0), postgres };
    };
    const each: Trips[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      for (const phone of people) {
        const trips = await ask(phone);
        // At first connections are opened and statements prepared.
        if (round > 0) each.push(trips);
      }
    }
    return {
      redis: medianOf(each.map(({ redis }) => redis)),
      postgres: medianOf(each.map(({ postgres }) => postgres)),
    };
  } finally {
    await bot.stop();
    for (const { close } of relays) close();
  }
}

function balanceOf({ person }: Phone, updateId: number): string {
  const { id, first_name, username, language_code } = person;
  return JSON.stringify({
    update_id: updateId,
    message: {
      message_id: updateId,
      date: Math.floor(Date.now() / 1_000),
      from: { id, is_bot: false, first_name, username, language_code },
      chat: { id, first_name, username, type: 'private' },
      text: '/balance',
      entities: [{ type: 'bot_command', offset: 0, length: 8 }],
    },
  });
}

function medianOf(list: readonly number[]): number {
  return percentile(
    list.toSorted((one, other) => one - other),
    0.5,
  );
}
