// Numbers: amounts no double can hold keep every digit at every border, and nothing that a programming language would
// read as a number is taken for an amount of money.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grouped } from '../../src/chat/amount.ts';
import { renderNotice } from '../../src/chat/notices.ts';
import { toPlain } from '../../src/chat/rich.ts';
import { MAX_MSAT } from '../../src/domain/money.ts';
import { keep, take } from '../../src/flows/drafts.ts';
import { commit } from '../../src/flows/outbox.ts';
import type { SendDraft } from '../../src/flows/send.ts';
import { openAccount } from '../../src/infra/db/accounts.ts';
import { historyPage } from '../../src/infra/db/history.ts';
import { balanceOf } from '../../src/infra/db/ledger.ts';
import { findNotice } from '../../src/infra/db/notices.ts';
import { decodeInvoice } from '../../src/infra/lightning/decode.ts';
import { createInvoice, lookupInvoice } from '../../src/infra/lightning/invoices.ts';
import { freshRates, someone } from '../chat/phone.ts';
import { ask } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';
import { single } from '../support/ledger.ts';

let house: House;
let asha: Person;

beforeAll(async () => {
  house = await openHouse();
  await freshRates(house);
  asha = await house.person('asha');
});
afterAll(async () => {
  await booksAreRight(house.world);
  await house.close();
});

const BEYOND_DOUBLES = [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n];
const named = (code: string) => `${code}:${randomBytes(6).toString('hex')}`;

test.each([...BEYOND_DOUBLES, MAX_MSAT - 1n, MAX_MSAT])(
  'J4: %d msat go through the ledger, its history and Prisma exactly',
  async (amountMsat) => {
    const { db } = house.world;
    const from = await openAccount(db, { code: named('capital'), currency: 'BTC', guarded: false });
    const to = await openAccount(db, { code: named('wallet'), currency: 'BTC', guarded: true });
    const transfer = single(from, to, amountMsat);
    expect(await db.post([transfer])).toEqual(['created']);
    expect((await balanceOf(db, to)).postedMsat).toBe(amountMsat);
    expect((await balanceOf(db, from)).postedMsat).toBe(-amountMsat);
    expect(await historyPage(db, to, { limit: 5 })).toMatchObject([{ amountMsat }]);
    const prisma = await db.prisma();
    expect(await prisma.transfer.findFirst({ where: { id: transfer.id } })).toMatchObject({ amount: amountMsat });
    // Back again, so that all accounts together stay within what there is.
    expect(await db.post([single(to, from, amountMsat)])).toEqual(['created']);
  },
);

test('J4: more than there is, up to the largest number of the database, is refused by the ledger, and not cut', async () => {
  const { db } = house.world;
  const from = await openAccount(db, { code: named('capital'), currency: 'BTC', guarded: false });
  const to = await openAccount(db, { code: named('wallet'), currency: 'BTC', guarded: true });
  for (const amountMsat of [MAX_MSAT + 1n, 2n ** 63n - 1n]) {
    expect(await db.post([single(from, to, amountMsat)])).toEqual(['amount_invalid']);
  }
  expect((await balanceOf(db, to)).postedMsat).toBe(0n);
});

test.each([...BEYOND_DOUBLES, MAX_MSAT, 2n ** 63n - 1n])(
  'J4: %d msat go through a draft, news and the log exactly',
  async (amountMsat) => {
    const draft: SendDraft = {
      kind: 'send',
      id: house.world.ids.next(),
      fromUserId: asha.userId,
      fromWalletId: asha.walletId,
      fromName: asha.name,
      to: { name: '@nobody' },
      amountMsat: String(amountMsat),
      memo: null,
      requestId: null,
    };
    await keep(house.world, draft);
    const taken = await take(house.world, { id: draft.id, userId: asha.userId });
    expect(BigInt(taken.amountMsat)).toBe(amountMsat);
    const news = { kind: 'invoice_paid', receivedMsat: String(amountMsat), memo: null } as const;
    await commit(house.world, 'test.tell', ({ tell }) => tell(asha.userId, draft.id, news));
    const [row] = await ask<{ id: string }>(house.world, 'select id from notices where subject_id = $1', [draft.id]);
    const stored = await findNotice(house.world.db, row?.id ?? '');
    if (!stored) throw new Error('there is no such notice');
    const shown = renderNotice(stored, { language: 'en', currency: 'KES', zone: 'UTC' }, undefined);
    expect(toPlain(shown.text)).toContain(grouped(amountMsat / 1_000n));
    house.world.log.info('exactly this', { draft: draft.id, amountMsat });
    const line = house.lines.find((each) => each.includes('exactly this') && each.includes(draft.id));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ amountMsat: String(amountMsat) });
  },
);

test.each(BEYOND_DOUBLES)('J4: %d goes to a node, into an invoice and back exactly', async (amountMsat) => {
  const node = house.world.lightning.node('alice');
  const expiresAtMs = house.world.clock.nowMs() + 3_600_000;
  const { request, paymentHash } = await createInvoice(node, { secret: randomBytes(32), amountMsat, expiresAtMs });
  expect(decodeInvoice(request, house.world.config.LIGHTNING_NETWORK).amountMsat).toBe(amountMsat);
  expect(await lookupInvoice(node, paymentHash)).toMatchObject({ state: 'open' });
});

// What Number() or parseInt() would read, and what only looks like digits.
const READ_BY_MACHINES = [
  '1e3',
  '1E3',
  '0x10',
  '0b11',
  '0o17',
  '12abc',
  '1_000',
  'NaN',
  'Infinity',
  '-1',
  '+5',
  '1e-3',
];
const LOOKALIKES = ['１２', '٣', '१२', '½', '5²', '\u202e500', '5\u200b00', '9'.repeat(40), '007', '500.', '1.2.3'];

describe.each(['en', 'sw'])('in %s', (language) => {
  test(`J5: what machines read as numbers is no amount to anybody, in ${language}`, async () => {
    const chiku = await someone(house, `chiku_${language}`, undefined, 5_000);
    await someone(house, `payee_${language}`);
    await chiku.say(`/settings ${language}`);
    for (const text of [...READ_BY_MACHINES, ...LOOKALIKES, '', ' ']) {
      for (const said of [
        `/send ${text} @payee_${language}`,
        `/request ${text} @payee_${language}`,
        `/receive ${text}`,
      ]) {
        await chiku.say(said);
        const data = chiku.last.replies.flatMap(({ buttons = [] }) =>
          buttons.flat().map((each) => ('data' in each ? each.data : '')),
        );
        expect(
          data.filter((each) => each.startsWith('confirm:')),
          said,
        ).toEqual([]);
        await chiku.say('/cancel');
      }
    }
    const userId = chiku.session?.userId ?? '';
    const made = 'select id from invoices where user_id = $1 and amount_msat is not null and amount_msat <> 5000000';
    expect(await ask(house.world, made, [userId])).toEqual([]);
    expect(await ask(house.world, 'select id from requests where from_user_id = $1', [userId])).toEqual([]);
  });

  test(`J5: a point or a comma that may mean either is asked about, in ${language}`, async () => {
    const eshe = await someone(house, `eshe_${language}`, undefined, 5_000);
    await eshe.say(`/settings ${language}`);
    for (const [text, least] of [
      ['1.000', 2],
      ['1,5k', 1],
      ['KES 1.500', 2],
    ] as const) {
      await eshe.say(`/receive ${text}`);
      const data = eshe.last.replies.flatMap(({ buttons = [] }) =>
        buttons.flat().map((each) => ('data' in each ? each.data : '')),
      );
      expect(data.filter((each) => each.startsWith('say:')).length, text).toBeGreaterThanOrEqual(least);
      await eshe.say('/cancel');
    }
  });
});
