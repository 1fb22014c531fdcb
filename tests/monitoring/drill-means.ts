// By what means things are broken in the drill, each in a line of the list that stands beside this: every one gives how it
// is put right again.
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestRedis } from '../support/redis.ts';
import type { Ground } from './drill-ground.ts';

export type Fault = {
  what: string;
  fires: readonly string[];
  /** What the admins read of it, where that is not all: the rest is kept back by what is worse. */
  told?: readonly string[];
  /** Breaks it, and gives how it is put right. */
  wrong(ground: Ground): Promise<() => Promise<unknown>>;
};

export const WAIT_MS = 20_000;
const ROOM_MB = 256;
export const OURS = ['alice', 'bob'];

export const ended =
  (...names: string[]) =>
  async (ground: Ground) => {
    await Promise.all(names.map((name) => ground.fleet.daemon(name).kill()));
    return () => ground.bring(...names);
  };

export const without =
  (which: (ground: Ground) => TestRedis, talks = false) =>
  async (ground: Ground) => {
    const quiet = talks ? ground.talk() : () => {};
    const redis = which(ground);
    await redis.kill();
    return async () => {
      quiet();
      await redis.restart();
      await redis.command('CONFIG', 'SET', 'maxmemory', `${ROOM_MB}mb`);
    };
  };

export const telegramThat = (faults: Partial<Ground['fleet']['telegram']['faults']>) => async (ground: Ground) => {
  const quiet = ground.talk();
  Object.assign(ground.fleet.telegram.faults, faults);
  return async () => {
    quiet();
    Object.assign(ground.fleet.telegram.faults, { delayMs: 0, lost: undefined, tooMany: undefined });
  };
};

/** Does something again and again, until what it gives is called. */
export async function again(everyMs: number, act: () => Promise<unknown>, quiet: () => void = () => {}) {
  let isOver = false;
  const run = async () => {
    while (!isOver) {
      await act();
      await sleep(everyMs);
    }
  };
  const running = run();
  return async () => {
    isOver = true;
    quiet();
    await running;
  };
}

export const queueRedis = ({ fleet }: Ground) => fleet.queueRedis;
export const sessionRedis = ({ fleet }: Ground) => fleet.sessionRedis;
export const cacheRedis = ({ fleet }: Ground) => fleet.cacheRedis;

async function usedBytes(redis: TestRedis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.command('INFO', 'memory'))?.[1]);
}

/** Gives the session Redis room for this much of what it holds. */
export const squeezed = (share: number, policy: string, talks: boolean) => async (ground: Ground) => {
  const redis = ground.fleet.sessionRedis;
  const most = Math.round((await usedBytes(redis)) * share);
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', policy);
  await redis.command('CONFIG', 'SET', 'maxmemory', String(most));
  const quiet = talks ? ground.talk() : () => {};
  return async () => {
    quiet();
    await redis.command('CONFIG', 'SET', 'maxmemory', `${ROOM_MB}mb`);
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  };
};
