// What happens to the stores: Redis emptied, restarted or full; PostgreSQL restarted, crashed, its connections cut, its
// disk slow.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { back, type Fault } from '../fault.ts';
import type { Field } from '../field.ts';

/** As long as a supervisor takes to see that a server is gone. */
const AGAIN_MS = 1_000;
/** PostgreSQL's longest wait before it writes a commit down, in microseconds. */
const SLOWEST_COMMIT_US = 100_000;

type RedisName = keyof Field['redis'];
const names = (field: Field) => Object.keys(field.redis);
const redis = (field: Field, name: string) => field.redis[name as RedisName];

export const redisEmptied: Fault = {
  name: 'Redis FLUSHALL',
  targets: names,
  strike: (field, name) => redis(field, name).flush(),
};

export const redisRestarted: Fault = {
  name: 'Redis killed and restarted',
  targets: names,
  async strike(field, name) {
    await redis(field, name).kill();
    await sleep(AGAIN_MS);
    await redis(field, name).restart();
  },
};

export const redisFull: Fault = {
  name: 'Redis out of memory',
  targets: names,
  async strike(field, name, dice) {
    await redis(field, name).command('CONFIG', 'SET', 'maxmemory', '1mb');
    await sleep(dice.whole(1_500, 4_000));
    await back(name, async () => (await redis(field, name).command('CONFIG', 'SET', 'maxmemory', '0')) === '+OK');
  },
};

const POSTGRES = () => ['PostgreSQL'];

export const postgresRestarted: Fault = {
  name: 'PostgreSQL restarted',
  targets: POSTGRES,
  strike: ({ postgres }) => postgres.restart('SIGINT'),
};

export const postgresCrashed: Fault = {
  name: 'PostgreSQL crashed',
  targets: POSTGRES,
  strike: ({ postgres }) => postgres.restart('SIGQUIT'),
};

export const connectionsCut: Fault = {
  name: 'PostgreSQL connections cut',
  targets: POSTGRES,
  strike: (field) =>
    asAdmin(field, (client) =>
      client.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and usename is not null',
      ),
    ),
};

/** Every commit waits for a tenth of a second before its log is flushed: a disk that takes so long. */
export const slowDisk: Fault = {
  name: 'PostgreSQL on a slow disk',
  targets: POSTGRES,
  async strike(field, _target, dice) {
    await asAdmin(field, async (client) => {
      await client.query(`alter system set commit_delay = ${SLOWEST_COMMIT_US}`);
      await client.query('alter system set commit_siblings = 0');
      await client.query('select pg_reload_conf()');
    });
    await sleep(dice.whole(3_000, 8_000));
    await asAdmin(field, async (client) => {
      await client.query('alter system reset commit_delay');
      await client.query('alter system reset commit_siblings');
      await client.query('select pg_reload_conf()');
    });
  },
};

async function asAdmin({ postgres }: Field, run: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.adminUrl });
  client.on('error', () => {});
  await client.connect();
  await run(client).finally(() => client.end());
}
