// The drill of outages (DRILL=1 npm test fleet/outages): each thing that the house stands on goes away for as long as it
// takes to be noticed everywhere. What still works is done, what does not is said, nothing is done twice or lost, and how
// long it takes until all is as before is measured; docs/RUNBOOK.md has the table. It takes some ten minutes.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { until } from '../../scripts/process.ts';
import { fund } from '../../scripts/rig.ts';
import { type Fleet, openFleet } from '../support/fleet-house.ts';
import { leftovers } from '../support/fleet-load.ts';
import { look } from '../support/fleet-people.ts';
import { booksAreRight } from '../support/house.ts';
import { OUTAGES, type Outage } from './outage-list.ts';
import { ACTS, type Act, type Actors, AS_EVER, act, type Ears, listen } from './outage-people.ts';

/** A patient person's wait for any word while something is away. */
const WORD_MS = 12_000;
/** How soon a word of the outage is felt by all processes. */
const NOTICED_MS = 3_000;

describe.skipIf(process.env.DRILL !== '1')('the drill of outages', () => {
  let fleet: Fleet;
  let ears: Ears;
  let [during, afterwards]: [Actors | undefined, Actors | undefined] = [undefined, undefined];

  beforeAll(async () => {
    fleet = await openFleet({ bots: 2, workers: 2, keptMessages: 200 });
    const people = await fleet.people(2 * ACTS.length + 1);
    await fund(fleet, people, 1_000n);
    const friend = people.at(-1) as Phone;
    const actorsAt = (from: number) =>
      ({ ...Object.fromEntries(ACTS.map((what, at) => [what, people[from + at]])), friend }) as Actors;
    [during, afterwards] = [actorsAt(0), actorsAt(ACTS.length)];
  });
  afterAll(() => fleet?.end());

  test.each(OUTAGES.map((outage) => [outage.what, outage] as const))('%s', { timeout: 300_000 }, async (_, outage) => {
    if (!during || !afterwards) throw new Error('nobody is there');
    ears = listen(fleet);
    try {
      const read = await whileAway(during, outage);
      const backMs = performance.now();
      const asBefore = await Promise.all([answered(during, outage), normal(afterwards), settled()]);
      const [answeredS, normalS, settledS] = asBefore.map((ms) => Math.round((ms - backMs) / 100) / 10);
      console.log(`${outage.what}: answered ${answeredS} s, as ever ${normalS} s, nothing left to do ${settledS} s`);
      expect(read).toEqual(expected(outage));
      expect(Math.max(...asBefore) - backMs).toBeLessThan(outage.backS * 1_000);
      await doneOnce(during);
      await until('the books can be looked at', 30_000, async () => booksAreRight(fleet.world).then(() => true));
    } finally {
      ears.end();
    }
  });

  /** Takes it away for its time and brings it back, whatever happens meanwhile. Gives what everybody read. */
  async function whileAway(actors: Actors, outage: Outage): Promise<Record<Act, string>> {
    const mend = await outage.takeAway(fleet);
    const fromMs = performance.now();
    try {
      await sleep(NOTICED_MS);
      const read = await everybodyActs(actors, outage);
      await sleep(Math.max(0, outage.awayS * 1_000 - (performance.now() - fromMs)));
      return read;
    } finally {
      await mend();
    }
  }

  /** What each of them reads: that which is expected, or else all of it. */
  async function everybodyActs(actors: Actors, { read }: Outage): Promise<Record<Act, string>> {
    const entries = ACTS.map(async (what) => {
      await act(fleet, actors, what, WORD_MS);
      const wanted = read[what];
      if (wanted === 'nothing') await sleep(WORD_MS);
      else if (await ears.reads(actors[what], wanted, WORD_MS)) return [what, String(wanted)];
      const texts = ears.texts(actors[what]);
      return [what, texts.length === 0 ? 'nothing' : texts.join('\n')];
    });
    return Object.fromEntries(await Promise.all(entries)) as Record<Act, string>;
  }

  function expected({ read }: Outage): Record<Act, string> {
    return Object.fromEntries(ACTS.map((what) => [what, String(read[what])])) as Record<Act, string>;
  }

  /** Whoever was not told that nothing happened hears the end of it. */
  async function answered(actors: Actors, { read }: Outage): Promise<number> {
    await Promise.all(
      ACTS.map(async (what) => {
        const wasRefused = read[what] !== 'nothing' && (read[what] as RegExp).test('cannot reach a part of our system');
        if (wasRefused) return;
        // Who waited for a card has it now, and presses.
        if (what === 'send' || what === 'pay') await pressWhatWaits(actors[what], what);
        const end = await ears.reads(actors[what], AS_EVER[what], 120_000);
        expect(end, `${what}: ${ears.texts(actors[what]).join('\n')}`).toBeDefined();
      }),
    );
    return performance.now();
  }

  async function pressWhatWaits(phone: Phone, what: 'send' | 'pay'): Promise<void> {
    const card = () =>
      phone
        .last()
        ?.buttons.flat()
        .some((button) => button.callback_data?.startsWith('confirm:'));
    await until(`${what}: a card, or its end`, 120_000, async () => card() || ears.texts(phone).some(isEnd));
    if (card()) phone.press(what === 'send' ? /Send/ : /Pay/);
  }

  /** Other people do all five things until each ends as on an ordinary day. */
  async function normal(actors: Actors): Promise<number> {
    await Promise.all(
      ACTS.map((what) =>
        until(`${what} works`, 120_000, async () => {
          const fresh = listen(fleet);
          try {
            await act(fleet, actors, what, WORD_MS);
            const word = await fresh.reads(
              actors[what],
              new RegExp(`${AS_EVER[what].source}|${TROUBLE.source}`),
              WORD_MS,
            );
            return word !== undefined && !TROUBLE.test(word);
          } finally {
            fresh.end();
          }
        }),
      ),
    );
    return performance.now();
  }

  async function settled(): Promise<number> {
    await until('nothing is left to do', 120_000, async () => {
      const { untold, unfinished, outbox } = await leftovers(fleet);
      return untold + unfinished + outbox === 0;
    });
    return performance.now();
  }

  /** No invoice from outside was paid more than once, and nobody was told an end twice. */
  async function doneOnce({ pay }: Actors): Promise<void> {
    const twice = await look(
      fleet,
      `select subject_id from notices where kind in ('payment_paid', 'payment_failed') group by subject_id
       having count(*) > 1`,
    );
    expect(twice).toEqual([]);
    expect(ears.texts(pay).filter((text) => AS_EVER.pay.test(text)).length).toBeLessThanOrEqual(1);
  }
});

const TROUBLE = /cannot reach|very busy just now|went wrong/;
const isEnd = (text: string) => Object.values(AS_EVER).some((end) => end.test(text));
