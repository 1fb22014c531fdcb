// The demo's page: the phones and the outside world come from the sandboxes, and behind the counter we look through the
// product's own eyes, as an operator could, without touching anything.
import { type CounterView, type Phones, startPhones } from '../../sandbox/phones/server.ts';
import { loadConfig } from '../../src/base/config.ts';
import { listInstances } from '../../src/infra/redis/instances.ts';
import { makeWorld, type World } from '../../src/world.ts';
import { freePorts } from '../process.ts';
import { commonEnvironment, type Fleet, type Parts } from './fleet.ts';
import { BOT_NAME } from './outside.ts';

const FIRST_CHOICE = 8080;
const LOOK_MS = 500;

const PEOPLE = [
  { id: 254_700_001, first_name: 'Asha', username: 'asha', language_code: 'en' },
  { id: 255_700_002, first_name: 'Baraka', username: 'baraka', language_code: 'sw' },
];

/** Starts the page on the port asked for, the one it had last time, or a free one. */
export async function startPage(given: {
  parts: Parts;
  fleet: Fleet;
  port: number | undefined;
}): Promise<Phones & { port: number }> {
  const { parts, fleet } = given;
  const { telegramUrl, lightning } = parts.outside;
  await introduce(telegramUrl);
  // A bot's eyes: it has no Lightning node. Its log would only repeat what the fleet's tell.
  const world = await makeWorld('bot', loadConfig('bot', commonEnvironment(parts)), () => {});
  const options = {
    telegramUrl,
    people: PEOPLE.map(({ id, first_name }) => ({ id, first_name })),
    botUsernames: [BOT_NAME],
    lightningControlUrl: lightning.control,
    counter: remembered(LOOK_MS, () => look(world, fleet.worker)),
    network: { kind: lightning.kind, bitcoinNetwork: lightning.network },
  };
  const phones = await listen(options, given.port, parts.data.kept.port);
  const stop = async () => {
    await phones.stop();
    await world.close();
  };
  return { url: phones.url, stop, port: Number(new URL(phones.url).port) };
}

type Options = Parameters<typeof startPhones>[0];

async function listen(options: Options, asked: number | undefined, last: number | undefined): Promise<Phones> {
  if (asked !== undefined) {
    return startPhones({ ...options, port: asked }).catch(() => {
      throw new Error(`port ${asked} is taken: name another one with --port.`);
    });
  }
  for (const port of [last ?? FIRST_CHOICE, ...(await freePorts(1))]) {
    const phones = await startPhones({ ...options, port }).catch(() => undefined);
    if (phones) return phones;
  }
  throw new Error('no port is free for the page.');
}

// Whoever has a phone already keeps it as it is.
async function introduce(telegramUrl: string): Promise<void> {
  const known = (await (await fetch(`${telegramUrl}/people`)).json()) as { id: number }[];
  for (const person of PEOPLE.filter(({ id }) => !known.some((each) => each.id === id))) {
    const answer = await fetch(`${telegramUrl}/people`, { method: 'POST', body: JSON.stringify(person) });
    if (!answer.ok) throw new Error(`${person.first_name} got no phone: ${await answer.text()}`);
  }
}

async function look(world: World, workerUrl: string): Promise<CounterView> {
  const [instances, queues, accounts, solvent] = await Promise.all([
    listInstances(world.sessions),
    world.queues.counts(),
    world.db.query<CounterView['books']['accounts'][number] & { balance: bigint }>(
      'demo.accounts',
      `SELECT a.code, a.currency, (a.credits_posted - a.debits_posted)::bigint AS balance, a.debits_pending AS held, i.name
       FROM accounts a LEFT JOIN users u ON u.wallet_id = a.id
       LEFT JOIN LATERAL (SELECT coalesce(name, username) AS name FROM identities
         WHERE user_id = u.id ORDER BY id LIMIT 1) i ON true
       ORDER BY a.code LIMIT 200`,
      [],
    ),
    isSolvent(workerUrl),
  ]);
  const sums = new Map<string, bigint>();
  for (const { currency, balance } of accounts) sums.set(currency, (sums.get(currency) ?? 0n) + balance);
  const currencies = [...sums].map(([code, sum]) => ({ code, sum }));
  return {
    instances: [...instances],
    queues: queues.map(({ name, waiting, active, failed }) => ({ name, waiting, active, failed })),
    books: { currencies, accounts, ...(solvent === undefined ? {} : { solvent }) },
  };
}

// The worker measures it against the nodes once a minute.
async function isSolvent(workerUrl: string): Promise<boolean | undefined> {
  try {
    const metrics = await (await fetch(`${workerUrl}/metrics`, { signal: AbortSignal.timeout(1_000) })).text();
    const value = /^satfleet_solvency_msat (.+)$/m.exec(metrics)?.[1];
    return value === undefined ? undefined : Number(value) >= 0;
  } catch {
    return undefined;
  }
}

/** The same answer for everyone who asks within `ms`. */
function remembered<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let last: { at: number; answer: Promise<T> } | undefined;
  return () => {
    if (!last || performance.now() - last.at > ms) last = { at: performance.now(), answer: ask() };
    return last.answer;
  };
}
