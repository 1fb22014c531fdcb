// Posting, as tables of cases: what each transfer answers, and what the accounts hold afterwards. Every case runs twice,
// once by itself and once beside a transfer that is refused, which sends the batch down the other path of ledger_post.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { legId } from '../../src/base/ids.ts';
import type { PostResult, Transfer } from '../../src/domain/ledger.ts';
import { POST_NAME, POST_TEXT, postValues } from '../../src/infra/db/batch.ts';
import { balanceOf } from '../../src/infra/db/ledger.ts';
import { newId, pending, post, single, type TestLedger, testLedger, voided } from '../support/ledger.ts';

let ledger: TestLedger;
let outgoing: bigint;
let node: bigint;

beforeAll(async () => {
  ledger = await testLedger();
  outgoing = await ledger.house('outgoing:BTC');
  node = await ledger.house('lightning:alice');
});

afterEach(async () => {
  await ledger.check();
});

afterAll(() => ledger.end());

/** Posts the calls as one batch, optionally beside a refused one, and gives the results of the calls. */
async function batch(walk: boolean, ...calls: Transfer[][]): Promise<PostResult[]> {
  const all = walk ? [...calls, [single(node, node, 1n)]] : calls;
  const values = postValues(all, Date.now());
  const [row] = await ledger.db.query<{ results: PostResult[] }>(POST_NAME, POST_TEXT, values);
  return walk ? row!.results.slice(0, -1) : row!.results;
}

const posted = async (id: bigint) => (await balanceOf(ledger.db, id)).postedMsat;

describe.each([
  { walk: false, name: 'all at once' },
  { walk: true, name: 'one by one' },
])('$name', ({ walk }) => {
  test('a transfer moves once, however often it is posted', async () => {
    const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
    const transfer = single(a, b, 40n, { subjectId: newId() });
    expect(await batch(walk, [transfer])).toEqual(['created']);
    expect(await batch(walk, [transfer])).toEqual(['exists']);
    expect(await batch(walk, [transfer], [transfer])).toEqual(['exists', 'exists']);
    const twice = single(a, b, 1n);
    expect(await batch(walk, [twice], [twice], [{ ...twice, amount: 2n } as Transfer])).toEqual([
      'created',
      'exists',
      'exists_different',
    ]);
    expect([await posted(a), await posted(b)]).toEqual([59n, 41n]);
  });

  test.each<[string, (t: Transfer, other: bigint) => Transfer]>([
    ['amount', (t) => ({ ...t, amount: 41n }) as Transfer],
    ['debit', (t, other) => ({ ...t, debitId: other }) as Transfer],
    ['credit', (t, other) => ({ ...t, creditId: other }) as Transfer],
    ['code', (t) => ({ ...t, code: 'send' }) as Transfer],
    ['subject', (t) => ({ ...t, subjectId: newId() }) as Transfer],
    ['kind', (t) => ({ ...t, kind: 'pending' }) as Transfer],
    ['currency', (t) => ({ ...t, currency: 'KES' }) as Transfer],
  ])('the same id with another %s exists differently', async (_, change) => {
    const [a, b, c] = [await ledger.wallet(100n), await ledger.wallet(), await ledger.wallet(100n)];
    const transfer = single(a, b, 40n);
    expect(await batch(walk, [transfer])).toEqual(['created']);
    expect(await batch(walk, [change(transfer, c)])).toEqual(['exists_different']);
  });

  test('nobody spends more than they have, in the order of the batch', async () => {
    const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
    const results = await batch(
      walk,
      [single(a, b, 101n)],
      [single(a, b, 60n)],
      [single(a, b, 60n)],
      [single(b, a, 20n)],
      [single(a, b, 60n)],
    );
    expect(results).toEqual(['insufficient_funds', 'created', 'insufficient_funds', 'created', 'created']);
    expect([await posted(a), await posted(b)]).toEqual([0n, 100n]);
  });

  test('each fault of a transfer has its own answer, and leaves its id free', async () => {
    const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
    const shillings = await ledger.house(`fx:KES:${walk}`, 'KES');
    const closed = await ledger.wallet(10n);
    await ledger.owner.query('UPDATE accounts SET closed_at = now() WHERE id = $1', [String(closed)]);
    const id = newId();
    const v4 = '6f1c1f0e-3b0a-4c7e-9b1f-0123456789ab';
    const future = legId(
      `${(Date.now() + 41 * 86_400_000)
        .toString(16)
        .padStart(12, '0')
        .replace(/^(.{8})/, '$1-')}-7000-8000-000000000000`,
      1,
    );
    const past = '00000000-0001-7000-8000-000000000000';
    const cases: [Transfer, PostResult][] = [
      [single(a, b, 0n, { id }), 'amount_invalid'],
      [single(a, b, -5n, { id }), 'amount_invalid'],
      [single(a, b, 2_100_000_000_000_000_001n, { id }), 'amount_invalid'],
      [single(a, a, 1n, { id }), 'same_account'],
      [single(a, 999_999n, 1n, { id }), 'account_missing'],
      [single(999_999n, a, 1n, { id }), 'account_missing'],
      [single(a, closed, 1n, { id }), 'account_closed'],
      [single(closed, a, 1n, { id }), 'account_closed'],
      [single(a, b, 1n, { id, currency: 'KES' }), 'currency_mismatch'],
      [single(a, shillings, 1n, { id }), 'currency_mismatch'],
      [single(a, shillings, 1n, { id, currency: 'KES' }), 'currency_mismatch'],
      [single(a, b, 101n, { id }), 'insufficient_funds'],
      [pending(a, b, 101n, { id }), 'insufficient_funds'],
      [post(newId(), 1n, { id }), 'pending_not_found'],
      [voided(newId(), { id }), 'pending_not_found'],
      [post(newId(), 0n, { id }), 'amount_invalid'],
      [single(a, b, 1n, { id: v4 }), 'id_invalid'],
      [single(a, b, 1n, { id: future }), 'id_invalid'],
      [single(a, b, 1n, { id: past }), 'id_invalid'],
    ];
    for (const [transfer, expected] of cases) expect(await batch(walk, [transfer])).toEqual([expected]);
    expect(await batch(walk, ...cases.map(([transfer]) => [transfer]))).toEqual(cases.map(([, expected]) => expected));
    expect(await batch(walk, [single(a, b, 100n, { id })])).toEqual(['created']);
  });

  test('a hold is not available, and ends once: posted whole, in part, or voided', async () => {
    const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
    const [whole, part, none] = [pending(a, b, 30n), pending(a, b, 30n), pending(a, b, 30n)];
    expect(await batch(walk, [whole], [part], [none])).toEqual(['created', 'created', 'created']);
    expect(await balanceOf(ledger.db, a)).toEqual({
      postedMsat: 100n,
      heldMsat: 90n,
      incomingMsat: 0n,
      availableMsat: 10n,
    });
    expect(await balanceOf(ledger.db, b)).toMatchObject({ postedMsat: 0n, incomingMsat: 90n, availableMsat: 0n });
    expect(await batch(walk, [single(a, b, 11n)])).toEqual(['insufficient_funds']);
    expect(await batch(walk, [post(part.id, 31n)])).toEqual(['amount_above_pending']);
    const ends = [post(whole.id, 30n), post(part.id, 10n), voided(none.id)];
    expect(await batch(walk, ...ends.map((end) => [end]))).toEqual(['created', 'created', 'created']);
    expect(await batch(walk, ...ends.map((end) => [end]))).toEqual(['exists', 'exists', 'exists']);
    expect(await batch(walk, [post(whole.id, 30n)], [voided(part.id)], [post(none.id, 1n)])).toEqual([
      'already_posted',
      'already_posted',
      'already_voided',
    ]);
    expect(await balanceOf(ledger.db, a)).toEqual({
      postedMsat: 60n,
      heldMsat: 0n,
      incomingMsat: 0n,
      availableMsat: 60n,
    });
    expect(await posted(b)).toBe(40n);
  });

  test('a hold ends on its own accounts only', async () => {
    const [a, b, c] = [await ledger.wallet(100n), await ledger.wallet(), await ledger.wallet(100n)];
    const hold = pending(a, b, 30n);
    await batch(walk, [hold]);
    expect(await batch(walk, [post(hold.id, 30n, { debitId: a, creditId: c })])).toEqual(['pending_not_found']);
    expect(await batch(walk, [voided(hold.id, { debitId: c, creditId: b })])).toEqual(['pending_not_found']);
    expect(await batch(walk, [post(hold.id, 30n, { debitId: a, creditId: b, currency: 'BTC' })])).toEqual(['created']);
  });

  test('a chain stands or falls whole, wherever it breaks', async () => {
    const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
    const chain = (...transfers: Transfer[]) => transfers.map((t, i) => ({ ...t, linked: i < transfers.length - 1 }));
    expect(await batch(walk, chain(single(a, b, 60n), single(b, a, 10n)))).toEqual(['created', 'created']);
    const broken = chain(single(a, b, 10n), pending(a, b, 10n), single(a, b, 99n), single(a, b, 1n));
    expect(await batch(walk, broken, [single(a, b, 50n)])).toEqual([
      'linked_failed',
      'linked_failed',
      'insufficient_funds',
      'linked_failed',
      'created',
    ]);
    expect([await posted(a), await posted(b)]).toEqual([0n, 100n]);
    expect((await balanceOf(ledger.db, a)).heldMsat).toBe(0n);
  });

  test('a broken chain gives back the hold it ended and the ids it used', async () => {
    const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
    const hold = pending(a, b, 30n);
    await batch(walk, [hold]);
    const end = post(hold.id, 30n);
    const results = await batch(
      walk,
      [{ ...end, linked: true }, single(b, a, 31n)],
      [{ ...voided(hold.id), linked: true }, single(a, a, 1n)],
      [end],
    );
    expect(results).toEqual(['linked_failed', 'insufficient_funds', 'linked_failed', 'same_account', 'created']);
    expect([await posted(a), await posted(b)]).toEqual([70n, 30n]);
  });

  test('a hold may be made and ended in one batch, also in one chain', async () => {
    const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
    const [one, two, three] = [pending(a, b, 60n), pending(a, b, 60n), pending(a, b, 60n)];
    const results = await batch(
      walk,
      [one],
      [two],
      [voided(one.id)],
      [two],
      [post(two.id, 50n)],
      [post(two.id, 1n)],
      [
        { ...three, amount: 20n, linked: true } as Transfer,
        { ...post(three.id, 20n), linked: true },
        single(b, a, 71n),
      ],
      [post(three.id, 20n)],
    );
    expect(results).toEqual([
      'created',
      'insufficient_funds',
      'created',
      'created',
      'created',
      'already_posted',
      'linked_failed',
      'linked_failed',
      'insufficient_funds',
      'pending_not_found',
    ]);
    expect([await posted(a), await posted(b)]).toEqual([50n, 50n]);
  });

  test('a payment: held with its fee ceiling, ended with its real fee, the rest back', async () => {
    const payer = await ledger.wallet(10_000n);
    const payment = newId();
    const hold = pending(payer, outgoing, 1_010n, { id: payment, code: 'hold' });
    expect(await batch(walk, [hold])).toEqual(['created']);
    const finish = [
      post(payment, 1_003n, { id: legId(payment, 'post'), debitId: payer, creditId: outgoing, linked: true }),
      single(outgoing, node, 1_003n, { id: legId(payment, 'out'), code: 'outflow' }),
    ];
    expect(await batch(walk, finish)).toEqual(['created', 'created']);
    expect(await batch(walk, finish)).toEqual(['exists', 'exists']);
    expect(await balanceOf(ledger.db, payer)).toMatchObject({ postedMsat: 8_997n, availableMsat: 8_997n });
    expect(await posted(outgoing)).toBe(0n);
  });

  test('a closed account still gives a hold back', async () => {
    const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
    const hold = pending(a, b, 30n);
    await batch(walk, [hold]);
    await ledger.owner.query('UPDATE accounts SET closed_at = now() WHERE id = $1', [String(b)]);
    expect(await batch(walk, [post(hold.id, 30n)])).toEqual(['account_closed']);
    expect(await batch(walk, [voided(hold.id)])).toEqual(['created']);
  });
});
