// A PIN has few digits, so whoever may try often has it. The tries are counted in the database, before each is judged.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/base/config.ts';
import { pinState, setPin, unlock } from '../../src/flows/pin.ts';
import { makeWorld } from '../../src/world.ts';
import { movableClock } from '../support/flow-clock.ts';
import { ask } from '../support/flow-help.ts';
import { type House, openHouse, type Person } from '../support/house.ts';

const RIGHT = '482915';
const GUESSES = 600;

let house: House;
let boss: Person;

beforeAll(async () => {
  house = await openHouse();
  boss = await house.person('boss');
  await ask(house.world, "update users set role = 'admin' where id = $1", [boss.userId]);
});
afterAll(() => house.close());

test('H12: hundreds of PINs through four bots at once, Redis emptied in the middle: five are judged, then none for an hour', {
  timeout: 60_000,
}, async () => {
  const config = loadConfig('bot', house.environment);
  const bots = await Promise.all([1, 2, 3, 4].map(() => makeWorld('bot', config, () => {})));
  await setPin(house.world, boss.userId, RIGHT);
  const results: string[] = [];
  const guess = async (at: number) => {
    const pin = String(500_000 + at).padStart(6, '0');
    // The right one comes when many were tried.
    const said = at === GUESSES - 1 ? RIGHT : pin;
    if (at === GUESSES / 2) await house.world.sessions.flushall();
    const world = bots[at % bots.length] ?? house.world;
    results.push(
      await unlock(world, boss.userId, said).then(
        () => 'open',
        (error: { code: string }) => error.code,
      ),
    );
  };
  const guesses = Array.from({ length: GUESSES }, (_, at) => at);
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let at = guesses.shift(); at !== undefined; at = guesses.shift()) await guess(at);
    }),
  );
  expect(results).toHaveLength(GUESSES);
  expect(results.filter((each) => each === 'pin_wrong')).toHaveLength(4);
  expect(results.filter((each) => each === 'pin_locked')).toHaveLength(GUESSES - 4);
  const [row] = await ask(house.world, 'select tries from pins where user_id = $1', [boss.userId]);
  expect(row).toEqual({ tries: 5 });
  expect(await pinState(house.world, boss.userId)).toBe('closed');

  const later = { ...house.world, clock: movableClock() };
  later.clock.move(59 * 60_000);
  await expect(unlock(later, boss.userId, RIGHT)).rejects.toMatchObject({ code: 'pin_locked' });
  later.clock.move(2 * 60_000);
  await expect(unlock(later, boss.userId, '000007')).rejects.toMatchObject({
    code: 'pin_wrong',
    details: { most: '4' },
  });
  await unlock(later, boss.userId, RIGHT);
  expect(await pinState(house.world, boss.userId)).toBe('open');
  const text =
    "select action, count(*)::int4 as count from audit where action like 'pin%' group by action order by action";
  expect(await ask(house.world, text)).toEqual([
    { action: 'pin_locked', count: 1 },
    { action: 'pin_set', count: 1 },
    { action: 'pin_wrong', count: 5 },
  ]);
  await Promise.all(bots.map((bot) => bot.close()));
});
