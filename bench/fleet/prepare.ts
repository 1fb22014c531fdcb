// A house full of people, made before anything is measured: each has a wallet with some sats in it, and there are invoices
// of a wallet elsewhere, enough for all that they will pay.
import pg from 'pg';
import type { Phone } from '../../sandbox/telegram/person.ts';
import type { MessageView } from '../../sandbox/telegram/view.ts';
import { fund, inTurn, type Rig } from '../../scripts/rig.ts';
import type { Pace } from './crowd.ts';

/** Every tenth thing is a payment; some more than will be needed. */
const PAYS = 0.13;
const FUNDS_SATS = 500n;
/** Who is paid from outside, and gives to the others. */
const GIVERS = 64;
const WAIT_MS = 120_000;
const FIRST_REGISTERED_ID = 5_000_000;

const isCard = ({ buttons }: MessageView) =>
  buttons.flat().some(({ callback_data: data }) => data?.startsWith('confirm:'));

/** Gives each of them 500 sats, through the fleet: a few are paid from outside and pass it on. */
export async function giveFunds(rig: Rig, people: readonly Phone[]): Promise<void> {
  const givers = people.slice(0, Math.min(GIVERS, people.length));
  await fund(rig, givers, FUNDS_SATS * BigInt(Math.ceil(people.length / givers.length) + 1));
  await inTurn([...givers.keys()], givers.length, async (at) => {
    const giver = givers[at];
    for (let to = at + GIVERS; giver && to < people.length; to += GIVERS) {
      const card = await giver.ask(`/send ${FUNDS_SATS} @${people[to]?.person.username}`, isCard, WAIT_MS);
      giver.press(/Send/, { message_id: card.message_id });
      await giver.waitFor(/Sent/, WAIT_MS);
    }
  });
}

/** As many invoices as a crowd will pay that lives at these paces. */
export async function makeInvoices(rig: Rig, people: number, paces: readonly Pace[]): Promise<string[]> {
  const acts = paces.map(({ thinkMs: [least, most], forMs }) => (2 * forMs) / (least + most) + 1);
  const count = Math.ceil(people * PAYS * acts.reduce((sum, each) => sum + each, 0)) + 20;
  const requests: string[] = [];
  await inTurn(Array.from({ length: count }), 16, async () => {
    const { request } = await rig.outside.makeInvoice({ amountMsat: 10_000n, expiresInS: 86_400 });
    requests.push(request);
  });
  return requests;
}

/**
 * Registers people in the database itself, as many at once as wanted, with empty wallets; gives the phones of those whose
 * place is looked for.
 * @param range the places, counted from 0, of whom to register: from the first, before the second.
 */
export async function register(
  rig: Rig,
  [from, before]: readonly [number, number],
  places: Iterable<number>,
): Promise<Phone[]> {
  const owner = new pg.Client({ connectionString: rig.databaseOwnerUrl });
  await owner.connect();
  try {
    await owner.query(REGISTER, [from, before - 1, FIRST_REGISTERED_ID]);
    for (const table of ['accounts', 'users', 'identities']) await owner.query(`vacuum analyze ${table}`);
  } finally {
    await owner.end();
  }
  return [...places].map((place) => {
    const username = `registered${place}`;
    const id = FIRST_REGISTERED_ID + place;
    return rig.telegram.person({ id, first_name: username, username, language_code: 'en' });
  });
}

const REGISTER = `
  with new_users as (
    select uuidv7() as id, place from generate_series($1::int, $2::int) as place
  ), wallets as (
    insert into accounts (code, currency, guarded) select 'wallet:' || id, 'BTC', true from new_users
    returning id, code
  ), made as (
    insert into users (id, language, currency, zone, wallet_id, created_at, onboarded_at)
    select n.id, 'en', 'KES', 'Africa/Nairobi', w.id, current_timestamp, current_timestamp
    from new_users n join wallets w on w.code = 'wallet:' || n.id
    returning id
  )
  insert into identities (id, user_id, channel, external_id, username, name)
  select uuidv7(), n.id, 'telegram', ($3::int + n.place)::text, 'registered' || n.place, 'registered' || n.place
  from new_users n join made on made.id = n.id`;
