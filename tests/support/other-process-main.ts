// The other process of other-process.ts: opens a World as a bot or a worker does, and does what its parent tells it. It
// ends with its parent.

import { loadConfig } from '../../src/base/config.ts';
import { Refusal, Unavailable } from '../../src/base/errors.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import * as receive from '../../src/flows/receive.ts';
import { create } from '../../src/flows/receive-node.ts';
import * as send from '../../src/flows/send.ts';
import { makeWorld, type WorkerWorld, withLightning } from '../../src/world.ts';

const DEEDS = {
  'pay.quote': pay.quote,
  'pay.start': pay.start,
  'send.quote': send.quote,
  'send.start': send.start,
  'send.claim': send.claim,
  'send.retract': send.retract,
  'receive.ask': receive.ask,
  'receive.create': create,
  'pay.execute': (world: WorkerWorld, id: string) => execute(world, id),
} as const;

type Deeds = typeof DEEDS;
/** What is to be done, by its name, with its argument. */
export type Deed = { [Name in keyof Deeds]: { name: Name; given: Parameters<Deeds[Name]>[1] } }[keyof Deeds];
export type Told =
  | { ready: true }
  | { id: number; value: unknown }
  | { id: number; code: string }
  | { id: number; fault: string };

const MOST_TAPS = 20;
const kind = process.env.OTHER_PROCESS === 'bot' ? 'bot' : 'worker';
const base = await makeWorld(kind, loadConfig(kind, process.env), () => {});
const world = kind === 'worker' ? await withLightning(base, () => {}) : (base as unknown as WorkerWorld);

process.on('disconnect', () => process.exit());
process.on('message', ({ id, deed }: { id: number; deed: Deed }) => {
  const run = DEEDS[deed.name] as (world: WorkerWorld, given: unknown) => Promise<unknown>;
  tapAgain(() => run(world, deed.given)).then(
    (value) => tell({ id, value }),
    (error: unknown) => tell(error instanceof Refusal ? { id, code: error.code } : { id, fault: String(error) }),
  );
});
tell({ ready: true });

/** Who is told that we are busy taps again, on the same card. */
async function tapAgain<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Unavailable) || tries >= MOST_TAPS) throw error;
    }
  }
}

function tell(told: Told): void {
  process.send?.(told);
}
