// People, who they are on each channel, and where they can be reached. The channel's immutable id is the only key to a
// wallet; usernames are kept for display and for finding a payee, and change hands.
import type { Db, Queryable } from './client.ts';
import { together } from './together.ts';

export type UserRow = {
  id: string;
  language: string;
  currency: string;
  zone: string;
  role: string;
  onboarded: boolean;
  walletId: bigint;
  createdAtMs: number;
};

export type KnownPerson = UserRow & { identityId: string; name: string | null; username: string | null };

const USER = `u.id, u.language, u.currency, u.zone, u.role, u.onboarded_at is not null as "onboarded",
  u.wallet_id as "walletId", (extract(epoch from u.created_at) * 1000)::float8 as "createdAtMs"`;
const PERSON = `${USER}, i.id as "identityId", i.name, i.username`;

export async function findByIdentity(q: Queryable, who: { channel: string; externalId: string }) {
  const [row] = await q.query<KnownPerson>(
    'users.find_by_identity',
    `select ${PERSON} from identities i join users u on u.id = i.user_id where i.channel = $1 and i.external_id = $2`,
    [who.channel, who.externalId],
  );
  return row;
}

/** With the chat used last, where the channel can be asked about them. */
export type NamedPerson = KnownPerson & { bot: string | null; chatId: string | null; seenAtMs: number | null };

const findTogether = together<{ channel: string; username: string }, NamedPerson | undefined>(async (db, asked) => {
  const rows = await db.query<NamedPerson & { at: bigint }>(
    'users.find_by_usernames',
    `select asked.at, found.*, chat.* from unnest($1::text[], $2::text[]) with ordinality as asked (channel, username, at)
     cross join lateral (select ${PERSON} from identities i join users u on u.id = i.user_id
       where i.channel = asked.channel and i.username = asked.username order by i.id desc limit 1) found
     left join lateral (select c.bot, c.chat_id as "chatId",
         (extract(epoch from c.last_seen_at) * 1000)::float8 as "seenAtMs"
       from chats c where c.identity_id = found."identityId" order by c.last_seen_at desc limit 1) chat on true`,
    [asked.map(({ channel }) => channel), asked.map(({ username }) => username)],
  );
  const found = new Map(rows.map(({ at, ...person }) => [Number(at), person]));
  return asked.map((_, index) => found.get(index + 1));
});

/** The person who carries a username now, as far as we have seen; one look for all who ask in the same moment. */
export async function findByUsername(db: Db, who: { channel: string; username: string }) {
  return findTogether(db, { channel: who.channel, username: who.username.toLowerCase() });
}

export async function findUser(q: Queryable, id: string) {
  const [row] = await q.query<UserRow & { name: string | null; username: string | null }>(
    'users.find',
    `select ${USER}, i.name, i.username from users u
     left join lateral (select name, username from identities where user_id = u.id order by id limit 1) i on true
     where u.id = $1`,
    [id],
  );
  return row;
}

export async function insertUser(
  q: Queryable,
  user: { id: string; language: string; currency: string; zone: string; walletId: bigint; nowMs: number },
): Promise<void> {
  await q.query(
    'users.insert',
    `insert into users (id, language, currency, zone, wallet_id, created_at)
     values ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000))`,
    [user.id, user.language, user.currency, user.zone, user.walletId, user.nowMs],
  );
}

/** False when someone else was first with this identity. */
export async function insertIdentity(
  q: Queryable,
  given: { id: string; userId: string; channel: string; externalId: string; username?: string; name?: string },
): Promise<boolean> {
  const rows = await q.query(
    'identities.insert',
    `insert into identities (id, user_id, channel, external_id, username, name) values ($1, $2, $3, $4, $5, $6)
     on conflict (channel, external_id) do nothing returning id`,
    [
      given.id,
      given.userId,
      given.channel,
      given.externalId,
      given.username?.toLowerCase() ?? null,
      given.name ?? null,
    ],
  );
  return rows.length === 1;
}

/**
 * Keeps up with how a person calls themselves now. A username is taken from whoever carried it before, so that a name
 * never leads to its former holder.
 */
export async function rename(
  q: Queryable,
  given: { identityId: string; channel: string; username?: string; name?: string },
): Promise<void> {
  const username = given.username?.toLowerCase() ?? null;
  if (username) {
    // In one order, since two people may swap their names at the same time.
    await q.query(
      'identities.lock_username',
      'select 1 from identities where id = $3 or (channel = $1 and username = $2) order by id for no key update',
      [given.channel, username, given.identityId],
    );
    await q.query(
      'identities.free_username',
      'update identities set username = null where channel = $1 and username = $2 and id <> $3',
      [given.channel, username, given.identityId],
    );
  }
  await q.query('identities.rename', 'update identities set username = $2, name = $3 where id = $1', [
    given.identityId,
    username,
    given.name ?? null,
  ]);
}

/** Remembers the chat as the one used last and gives its row's id. */
export async function touchChat(
  q: Queryable,
  given: { id: string; identityId: string; bot: string; chatId: string; nowMs: number },
): Promise<string> {
  const [row] = await q.query<{ id: string }>(
    'chats.touch',
    `insert into chats (id, identity_id, bot, chat_id, last_seen_at)
     values ($1, $2, $3, $4, to_timestamp($5::float8 / 1000))
     on conflict (bot, chat_id) do update set last_seen_at = excluded.last_seen_at, blocked = false,
       identity_id = excluded.identity_id
     returning id`,
    [given.id, given.identityId, given.bot, given.chatId, given.nowMs],
  );
  if (!row) throw new Error('a chat was neither found nor made');
  return row.id;
}

export async function setBlocked(
  q: Queryable,
  given: { bot: string; chatId: string; blocked: boolean },
): Promise<void> {
  await q.query('chats.block', 'update chats set blocked = $3 where bot = $1 and chat_id = $2', [
    given.bot,
    given.chatId,
    given.blocked,
  ]);
}

export type ReachableChat = { id: string; channel: string; bot: string; chatId: string };

/** The chat to tell a person something in: the one used last that is not blocked. */
export async function newestChat(q: Queryable, userId: string): Promise<ReachableChat | undefined> {
  const [row] = await q.query<ReachableChat>(
    'chats.newest',
    `select c.id, i.channel, c.bot, c.chat_id as "chatId" from identities i join chats c on c.identity_id = i.id
     where i.user_id = $1 and not c.blocked order by c.last_seen_at desc limit 1`,
    [userId],
  );
  return row;
}

export async function updateSettings(
  q: Queryable,
  userId: string,
  change: { language?: string; currency?: string; zone?: string; onboardedAtMs?: number },
): Promise<void> {
  await q.query(
    'users.settings',
    `update users set language = coalesce($2, language), currency = coalesce($3, currency), zone = coalesce($4, zone),
       onboarded_at = coalesce(onboarded_at, to_timestamp($5::float8 / 1000)) where id = $1`,
    [userId, change.language ?? null, change.currency ?? null, change.zone ?? null, change.onboardedAtMs ?? null],
  );
}

/** Everyone who is an admin now. */
export async function adminIds(q: Queryable): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    'users.admins',
    `select id from users where role = 'admin' order by id`,
    [],
  );
  return rows.map(({ id }) => id);
}
