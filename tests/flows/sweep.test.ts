// Closing the house: people name where theirs shall go, the list says who can be paid and why the others cannot, and the
// command an operator types starts each payment once.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../scripts/root.ts';
import { feeCeiling } from '../../src/domain/fees.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { mostPayable, nameTarget, type SweepLine, sweepLines } from '../../src/flows/sweep-out.ts';
import { Phone, RICH_FACE } from '../chat/phone.ts';
import { ask, available, ended } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let people: Record<'dora' | 'none' | 'late' | 'poor' | 'empty', Person>;

beforeAll(async () => {
  house = await openHouse();
  people = {
    dora: await house.person('dora', 50_000n),
    none: await house.person('none', 1_000n),
    late: await house.person('late', 2_000n),
    poor: await house.person('poor', 5n),
    empty: await house.person('empty'),
  };
});
afterAll(() => house.close());

async function lines(): Promise<Map<string, SweepLine>> {
  const all = new Map<string, SweepLine>();
  for await (const line of sweepLines(house.world)) all.set(line.userId, line);
  return all;
}

async function command(...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, ...house.environment };
  const file = join(ROOT, 'node_modules', '.bin', 'node');
  const { stdout } = await promisify(execFile)(file, [join(ROOT, 'scripts', 'sweep.ts'), ...args], { env });
  return stdout;
}

const invoice = async (wish: Parameters<House['outside']['makeInvoice']>[0] = {}) =>
  (await house.outside.makeInvoice({ expiresInS: 30 * 24 * 3600, ...wish })).request;

test('what is payable is all there is, its highest fee left out, to the sat', () => {
  for (const has of [0n, 10_999n, 11_000n, 11_001n, 1_010_000n, 5_000_000n, 123_456_789n, 9_999_999_999n]) {
    const most = mostPayable(has);
    expect(most === 0n || most + feeCeiling(most) <= has).toBe(true);
    expect(most + 1_000n + feeCeiling(most + 1_000n)).toBeGreaterThan(has);
  }
});

test('in a chat one names where, is told until when, and an amount is refused', async () => {
  const phone = new Phone(house, 'baraka', RICH_FACE);
  await phone.say('/start');
  expect(await phone.say('/sweepto')).toContain('invoice without an amount');
  expect(await phone.say(await invoice({ amountMsat: 5_000n }))).toContain('names an amount, so nothing was noted');
  expect(await phone.say(`/sweepto ${await invoice()}`)).toContain('your sats go to that wallet');
  expect(await phone.say('/sweepto nonsense')).toContain('cannot read this invoice');
  const { request } = await house.invoice(people.none);
  await expect(nameTarget(house.world, { userId: people.none.userId, raw: request })).rejects.toThrow('own_invoice');
});

test('everybody is on the list, with a reason; who can be paid is paid once', async () => {
  const { world } = house;
  for (const each of [people.dora, people.late, people.poor]) {
    await nameTarget(world, { userId: each.userId, raw: await invoice() });
  }
  await ask(world, `update sweep_targets set expires_at = created_at where user_id = $1`, [people.late.userId]);
  const before = await lines();
  const hindrance = (person: Person) => before.get(person.userId)?.hindrance;
  expect([people.dora, people.none, people.late, people.poor].map(hindrance)).toEqual([
    undefined,
    'not_named',
    'ran_out',
    'too_little',
  ]);
  expect(before.has(people.empty.userId)).toBe(false);

  const said = await command('--dry-run');
  expect(said).toContain(`${people.dora.userId} has 50000000 msat: 49504000 msat would be sent`);
  expect(said).toContain('4 have 53005000 msat; 1 of them would be paid 49504000 msat.');
  expect(await ask(world, 'select id from payments')).toEqual([]);

  expect(await command()).toContain('are being paid 49504000 msat');
  expect(await command()).toContain('what they named is paid or being paid');
  const started = await ask<{ id: string }>(world, 'select id from payments where user_id = $1', [people.dora.userId]);
  expect(started).toHaveLength(1);
  const { id } = started[0] ?? { id: '' };
  await execute(world, id);
  const paid = await ended(world, id);
  expect(paid).toMatchObject({ state: 'paid', amountMsat: 49_504_000n });
  // What the way did not cost came back.
  expect(await available(world, people.dora)).toBe(496_000n - (paid.feeMsat ?? 0n));
  expect((await lines()).get(people.dora.userId)?.hindrance).toBe('used');
  await booksAreRight(world);
}, 60_000);
