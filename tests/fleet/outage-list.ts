// What goes away in the drill of outages, for how long, and what people read meanwhile: the rows of the table in
// docs/RUNBOOK.md. Everything goes away for real: a server ended, nodes killed, an address that answers nobody.
import type { Fleet } from '../support/fleet-house.ts';
import { ACTS, type Act, AS_EVER } from './outage-people.ts';

/** `nothing`: no word until it is over, when the answer comes by itself. */
export type Read = RegExp | 'nothing';

export type Outage = {
  readonly what: string;
  readonly awayS: number;
  /** Takes it away, and gives how it comes back. */
  readonly takeAway: (fleet: Fleet) => Promise<() => Promise<unknown>>;
  readonly read: Readonly<Record<Act, Read>>;
  /** Within this time after it is back everything is as before. */
  readonly backS: number;
};

const AWAY = /cannot reach a part of our system|very busy just now/;
const SET_ASIDE = /set aside/;

const everybody = (read: Read) => Object.fromEntries(ACTS.map((act) => [act, read])) as Record<Act, Read>;

const server =
  (name: 'queueRedis' | 'sessionRedis' | 'cacheRedis'): Outage['takeAway'] =>
  async (fleet) => {
    await fleet[name].kill();
    return () => fleet[name].restart();
  };

const nodes =
  (...aliases: string[]): Outage['takeAway'] =>
  async ({ lightning }) => {
    await Promise.all(aliases.map((alias) => lightning.kill(alias)));
    return () => Promise.all(aliases.map((alias) => lightning.start(alias)));
  };

export const OUTAGES: readonly Outage[] = [
  {
    what: 'Redis of the queues',
    // Longer than the half minute after which the relay brings a job again, which then fails too.
    awayS: 60,
    takeAway: server('queueRedis'),
    read: { ...AS_EVER, receive: /noted, but we are a little behind/, pay: /is noted and your sats are set aside/ },
    // What was noted at the last moment waits half a minute for the relay.
    backS: 45,
  },
  {
    what: 'Redis of the sessions',
    awayS: 20,
    takeAway: server('sessionRedis'),
    read: everybody('nothing'),
    backS: 45,
  },
  { what: 'Redis of the cache', awayS: 20, takeAway: server('cacheRedis'), read: AS_EVER, backS: 15 },
  {
    what: 'PostgreSQL',
    awayS: 60,
    async takeAway({ postgres }) {
      if (!postgres) throw new Error('the database is not ours to stop');
      await postgres.stop();
      return () => postgres.restart('SIGINT');
    },
    read: { ...everybody(AWAY), price: new RegExp(`1 BTC|There is no rate|${AWAY.source}`) },
    backS: 45,
  },
  {
    what: 'one Lightning node of two',
    awayS: 20,
    takeAway: nodes('alice'),
    read: { ...AS_EVER, pay: /Paid |set aside/ },
    backS: 45,
  },
  {
    what: 'all Lightning nodes',
    awayS: 60,
    takeAway: nodes('alice', 'bob'),
    read: { ...AS_EVER, receive: /takes longer than usual/, pay: SET_ASIDE },
    backS: 60,
  },
  {
    what: 'all price sources',
    // Prices are fetched once a minute.
    awayS: 65,
    async takeAway({ environment }) {
      const urls = Object.entries(environment).flatMap(([name, url]) => (/^RATES_\w+_URL$/.test(name) ? [url] : []));
      const origin = new URL(urls[0] ?? '').origin;
      const turn = async (fault?: { kind: string }) => {
        for (const source of ['coingecko', 'binance', 'coinbase', 'open-er-api', 'frankfurter']) {
          const body = JSON.stringify({ source, fault });
          const { ok } = await fetch(`${origin}/control/fault`, { method: 'POST', body });
          if (!ok) throw new Error(`no such source: ${source}`);
        }
      };
      await turn({ kind: 'server_error' });
      return () => turn();
    },
    read: AS_EVER,
    backS: 15,
  },
  {
    what: 'Telegram',
    awayS: 20,
    async takeAway({ telegram: { faults } }) {
      faults.lost = { times: 1_000_000 };
      return async () => {
        faults.lost = undefined;
      };
    },
    read: everybody('nothing'),
    backS: 60,
  },
];
