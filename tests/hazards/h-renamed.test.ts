// A username given up in silence and taken by a person whom we have never met: Telegram knows, so it is asked before
// anybody's money goes there.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { outgoingCode } from '../../src/domain/ledger.ts';
import { openAccount } from '../../src/infra/db/accounts.ts';
import { type Ground, ground, hook, type Instance } from '../channels/instances.ts';
import { ask } from '../support/flow-help.ts';
import { single } from '../support/ledger.ts';

let shared: Ground;
let one: Instance;

beforeAll(async () => {
  shared = await ground();
  one = await shared.start();
  await hook(one);
  await openAccount(one.world.db, { code: outgoingCode('BTC'), currency: 'BTC', guarded: true });
});
afterAll(() => shared.close());

async function person(username: string): Promise<Phone> {
  const phone = shared.telegram.person({ first_name: username, username, language_code: 'en' });
  await phone.ask('/start', /./);
  return phone;
}

async function walletOf(phone: Phone): Promise<{ id: bigint; msat: bigint }> {
  const [row] = await ask<{ id: bigint; msat: bigint }>(
    one.world,
    `select a.id, a.credits_posted - a.debits_posted as msat from accounts a join users u on u.wallet_id = a.id
     join identities i on i.user_id = u.id where i.external_id = $1`,
    [String(phone.id)],
  );
  if (!row) throw new Error('they have no wallet');
  return row;
}

async function funded(username: string): Promise<Phone> {
  const phone = await person(username);
  const source = await openAccount(one.world.db, { code: 'capital:test', currency: 'BTC', guarded: false });
  await one.world.db.post([single(source, (await walletOf(phone)).id, 1_000_000n)]);
  return phone;
}

/** Nobody has written to us for an hour. */
const silence = () => ask(one.world, "update chats set last_seen_at = last_seen_at - interval '1 hour'");

test('H8: a name given up and taken by a stranger, both unheard: the former holder gets nothing', async () => {
  const [former, payer] = [await person('kamau'), await funded('njeri')];
  await silence();
  former.change({ username: '' });
  shared.telegram.person({ first_name: 'Stranger', username: 'kamau', language_code: 'en' });
  const card = await payer.ask('/send 100 @kamau', /kamau/);
  expect(card.text).toMatch(/no wallet here yet|not here yet/i);
  payer.press(/Send/);
  await payer.waitFor(/set aside/);
  expect((await walletOf(former)).msat).toBe(0n);
});

test('H8: a name still carried is paid after any silence; one that Telegram cannot tell stands as it was seen', async () => {
  const [holder, payer] = [await person('wafula'), await funded('atieno')];
  await silence();
  await payer.ask('/send 100 @wafula', /wafula/);
  payer.press(/Send/);
  await payer.waitFor(/Sent 100 sats/);
  await silence();
  shared.telegram.faults.fail = { method: 'getChat', times: 1, status: 502 };
  await payer.ask('/send 50 @wafula', /wafula/);
  payer.press(/Send/);
  await payer.waitFor(/Sent 50 sats/);
  expect((await walletOf(holder)).msat).toBe(150_000n);
});
