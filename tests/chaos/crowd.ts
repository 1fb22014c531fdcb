// A few hundred people who use their wallets at their own pace, each doing one thing after the other.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { ACTS, type Act, type End } from './acts.ts';
import { Caller, type Wait } from './caller.ts';
import { type Dice, dice } from './dice.ts';
import type { Ears } from './ears.ts';
import type { Field } from './field.ts';

export type Done = {
  readonly act: string;
  readonly note: string;
  readonly who: string;
  readonly end: End;
  readonly endMs: number;
};

export type Crowd = {
  readonly waits: Wait[];
  readonly done: Done[];
  /** What went wrong with the people themselves: a fault of this machine, and none of the wallet's. */
  readonly troubles: string[];
  /** Nobody begins anything new; resolves when everybody has ended what they were doing. */
  stop(): Promise<void>;
};

/** @param perSecond how many things all of them together begin in a second. */
export function startCrowd(
  field: Field,
  ears: Ears,
  given: { phones: readonly Phone[]; perSecond: number; seed: number },
): Crowd {
  const { phones, perSecond, seed } = given;
  const waits: Wait[] = [];
  const done: Done[] = [];
  const troubles: string[] = [];
  const ending = new AbortController();
  const callers = phones.map((phone) => new Caller(phone, waits));
  const thinkMs = (phones.length / perSecond) * 1_000;
  let count = 0;

  async function live(me: Caller, own: Dice): Promise<void> {
    for (;;) {
      await sleep(own.pause(thinkMs), undefined, { signal: ending.signal }).catch(() => {});
      if (ending.signal.aborted) return;
      const act = choose(own);
      const friend = own.one(callers.filter((each) => each !== me));
      const note = `op${++count}`;
      try {
        const end = await act.run({ me, friend, note, dice: own, ears, outside: field.outside });
        done.push({ act: act.name, note, who: me.name, end, endMs: performance.now() });
      } catch (error) {
        troubles.push(`${act.name} ${note}: ${error instanceof Error ? error.message : JSON.stringify(error)}`);
      }
    }
  }

  const lives = callers.map((me, at) => live(me, dice(seed + 1_000 + at)));
  return {
    waits,
    done,
    troubles,
    async stop() {
      ending.abort();
      await Promise.all(lives);
    },
  };
}

const SUM = ACTS.reduce((sum, { weight }) => sum + weight, 0);

function choose(own: Dice): Act {
  let left = own.fraction() * SUM;
  for (const act of ACTS) {
    left -= act.weight;
    if (left < 0) return act;
  }
  return ACTS[0] as Act;
}
