// A name is no authority: it changes hands, and the money must follow the person whom the channel's own id names, or
// nobody, and never without a word.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../chat/phone.ts';
import { freshRates, someone } from '../chat/phone.ts';
import { ask } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse } from '../support/house.ts';

let house: House;

beforeAll(async () => {
  house = await openHouse();
  await freshRates(house);
});
afterEach(() => booksAreRight(house.world));
afterAll(() => house.close());

async function availableOf({ externalId }: Phone): Promise<bigint> {
  const [row] = await ask<{ msat: bigint }>(
    house.world,
    `select a.credits_posted - a.debits_posted - a.debits_pending as msat from accounts a
     join users u on u.wallet_id = a.id join identities i on i.user_id = u.id where i.external_id = $1`,
    [externalId],
  );
  return row?.msat ?? -1n;
}

test('H8: a name that changes hands leads to its new holder, who is called new, and never back', async () => {
  const [former, next, payer] = [
    await someone(house, 'wanjiru'),
    await someone(house, 'someone_else'),
    await someone(house, 'chiku', undefined, 500),
  ];
  former.username = 'free_now';
  await former.say('/help');
  next.username = 'Wanjiru';
  await next.say('/help');
  const card = await payer.say('/send 100 @wanjiru');
  expect(card).toContain('They are new here');
  expect(await payer.press('Send')).toContain('Sent 100 sats');
  expect([await availableOf(former), await availableOf(next)]).toEqual([0n, 100_000n]);
});

test('H8: who takes a name takes it away from who carried it, though they came later and we have not heard from them since', async () => {
  const next = await someone(house, 'quite_another');
  const former = await someone(house, 'otieno');
  const payer = await someone(house, 'dalili', undefined, 500);
  next.username = 'otieno';
  await next.say('/help');
  await payer.say('/send 100 @otieno');
  await payer.press('Send');
  expect([await availableOf(former), await availableOf(next)]).toEqual([0n, 100_000n]);
});

test('H8: a card that was shown before the name moved pays whom it named', async () => {
  const [former, next, payer] = [
    await someone(house, 'achieng'),
    await someone(house, 'third'),
    await someone(house, 'eshe', undefined, 500),
  ];
  await payer.say('/send 100 @achieng');
  const shown = payer.last.replies;
  former.username = 'gone_elsewhere';
  await former.say('/help');
  next.username = 'achieng';
  await next.say('/help');
  expect(await payer.press('Send', shown)).toContain('Sent 100 sats');
  expect([await availableOf(former), await availableOf(next)]).toEqual([100_000n, 0n]);
});
