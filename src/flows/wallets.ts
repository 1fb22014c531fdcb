// Opening a wallet, finding people, and what they have. A wallet works from the first message on; who someone is comes
// from the channel's immutable id alone, and a balance is always read from the ledger, never from a cache.
import type { CurrencyCode } from '../domain/currencies.ts';
import { CURRENCIES, isCurrencyCode } from '../domain/currencies.ts';
import { walletCode } from '../domain/ledger.ts';
import { openAccount } from '../infra/db/accounts.ts';
import { balanceNow } from '../infra/db/ledger.ts';
import {
  findByIdentity,
  findByUsername,
  insertIdentity,
  insertUser,
  type KnownPerson,
  rename,
  setBlocked,
  touchChat,
  updateSettings,
} from '../infra/db/users.ts';
import type { World } from '../world.ts';

export type Person = {
  userId: string;
  walletId: string;
  language: string;
  currency: string;
  zone: string;
  role: string;
  chatRowId: string;
  onboarded: boolean;
};

export type Who = {
  channel: string;
  externalId: string;
  username?: string;
  name?: string;
  languageCode?: string;
  bot: string;
  chatId: string;
};

// A first guess from the channel's language setting, asked about in the first two taps.
const HOMES: Readonly<Record<string, CurrencyCode>> = {
  sw: 'KES',
  am: 'ETB',
  ha: 'NGN',
  yo: 'NGN',
  ig: 'NGN',
  zu: 'ZAR',
  af: 'ZAR',
  ny: 'MWK',
  tn: 'BWP',
};
const FIRST_CURRENCY: CurrencyCode = 'KES';
const LANGUAGES = ['en', 'sw'];

/** The person behind a channel's id, with a wallet; made at the first message. Keeps up with names and chats. */
export async function openOrFind(world: World, who: Who): Promise<Person & { isNew: boolean }> {
  const known = await findByIdentity(world.db, who);
  const person = known ?? (await openWallet(world, who));
  const isRenamed = person.username !== (who.username?.toLowerCase() ?? null) || person.name !== (who.name ?? null);
  const chatRowId = await world.db.transaction('wallets.seen', async (tx) => {
    if (isRenamed) await rename(tx, { identityId: person.identityId, ...namesOf(who), channel: who.channel });
    return touchChat(tx, {
      id: world.ids.next(),
      identityId: person.identityId,
      bot: who.bot,
      chatId: who.chatId,
      nowMs: world.clock.nowMs(),
    });
  });
  const { id, walletId, language, currency, zone, role, onboarded } = person;
  const isNew = known === undefined;
  return { userId: id, walletId: String(walletId), language, currency, zone, role, chatRowId, onboarded, isNew };
}

async function openWallet(world: World, who: Who): Promise<KnownPerson> {
  const code = (who.languageCode ?? '').slice(0, 2).toLowerCase();
  const language = LANGUAGES.includes(code) ? code : 'en';
  const currency = HOMES[code] ?? FIRST_CURRENCY;
  await world.db
    .transaction('wallets.open', async (tx) => {
      const userId = world.ids.next();
      const nowMs = world.clock.nowMs();
      const walletId = await openAccount(tx, { code: walletCode(userId), currency: 'BTC', guarded: true });
      await insertUser(tx, { id: userId, language, currency, zone: zoneOf(currency), walletId, nowMs });
      const identity = { id: world.ids.next(), userId, channel: who.channel, externalId: who.externalId };
      const isFirst = await insertIdentity(tx, { ...identity, ...namesOf(who) });
      if (!isFirst) throw new Raced();
      if (who.username) await rename(tx, { identityId: identity.id, channel: who.channel, ...namesOf(who) });
    })
    .catch((error: unknown) => {
      // Two first messages at once: one opened the wallet, the other finds it.
      if (!(error instanceof Raced)) throw error;
    });
  const person = await findByIdentity(world.db, who);
  if (!person) throw new Error('a wallet was neither found nor opened');
  return person;
}

class Raced extends Error {}

function namesOf(who: { username?: string; name?: string }): { username?: string; name?: string } {
  return { ...(who.username ? { username: who.username } : {}), ...(who.name ? { name: who.name } : {}) };
}

function zoneOf(currency: string): string {
  return CURRENCIES.find((each) => each.code === currency)?.timeZone ?? 'UTC';
}

/** Changes language or currency (and with it the time zone), or marks the first questions as answered. */
export async function settings(
  world: World,
  userId: string,
  change: { language?: string; currency?: string; onboarded?: true },
): Promise<void> {
  const currency = change.currency && isCurrencyCode(change.currency) ? change.currency : undefined;
  await updateSettings(world.db, userId, {
    ...(change.language ? { language: change.language } : {}),
    ...(currency ? { currency, zone: zoneOf(currency) } : {}),
    ...(change.onboarded ? { onboardedAtMs: world.clock.nowMs() } : {}),
  });
}

/** The person blocked or unblocked a bot: that chat is not written to, or is again. */
export async function setReach(world: World, given: { bot: string; chatId: string; blocked: boolean }): Promise<void> {
  await setBlocked(world.db, given);
}

/** For so long after somebody's last message their name is taken as theirs without asking. */
const NAME_STANDS_MS = 10 * 60_000;
const ASK_NAME_MS = 1_500;

/**
 * Who carries a name now. A name changes hands without our hearing of it, so the channel is asked about whom we have not
 * heard from lately; whom it names otherwise is no longer found by it. When it cannot say, what we saw last stands.
 */
async function whoIsNamed(world: World, channel: string, username: string): Promise<KnownPerson | undefined> {
  const person = await findByUsername(world.db, { channel, username });
  if (!world.nameNow || !person?.bot || !person.chatId) return person;
  if (world.clock.nowMs() - (person.seenAtMs ?? 0) < NAME_STANDS_MS) return person;
  const answered = new AbortController();
  const late = world.clock.sleep(ASK_NAME_MS, answered.signal).then(() => undefined);
  const asked = world.nameNow({ bot: person.bot, chatId: person.chatId });
  const now = await Promise.race([asked, late]).finally(() => answered.abort());
  if (now === undefined || now?.toLowerCase() === person.username) return person;
  const names = namesOf({ ...(now ? { username: now } : {}), ...(person.name ? { name: person.name } : {}) });
  await world.db.transaction('wallets.renamed', (tx) =>
    rename(tx, { identityId: person.identityId, channel, ...names }),
  );
  return undefined;
}

export type Payee = { userId: string; walletId: string; name: string; sinceMs: number };

/** Someone with a wallet here, by the name they carry now or by the channel's id. */
export async function findPayee(
  world: World,
  channel: string,
  by: { username: string } | { externalId: string },
): Promise<Payee | undefined> {
  const person =
    'username' in by
      ? await whoIsNamed(world, channel, by.username)
      : await findByIdentity(world.db, { channel, externalId: by.externalId });
  if (!person) return undefined;
  return { userId: person.id, walletId: String(person.walletId), name: nameOf(person), sinceMs: person.createdAtMs };
}

/** How a person is called in texts to others. */
export function nameOf(person: { username: string | null; name: string | null }): string {
  return person.username ? `@${person.username}` : (person.name ?? '?');
}

/** What a wallet has: to spend, on hold, and (claimable sends to this person) on its way in. */
export async function balance(
  world: World,
  walletId: string,
): Promise<{ availableMsat: bigint; heldMsat: bigint; incomingMsat: bigint }> {
  const { availableMsat, heldMsat, incomingMsat } = await balanceNow(world.db, BigInt(walletId));
  return { availableMsat, heldMsat, incomingMsat };
}
