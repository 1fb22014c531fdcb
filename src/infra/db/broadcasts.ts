// News of the house to all. How far one has got stands in its row and moves in the transaction that writes the notices, and
// a person has one notice of a broadcast at most: nobody is left out and nobody gets it twice.
import type { Queryable, Tx } from './client.ts';

export type BroadcastState = 'draft' | 'running' | 'done' | 'stopped';

export type BroadcastRow = {
  id: string;
  by: string;
  text: string;
  /** Null: to everybody. */
  language: string | null;
  state: BroadcastState;
  cursor: string | null;
  /** To how many it was given. */
  told: number;
  /** How many it was for, when it was shown first. */
  total: number;
  createdAtMs: number;
  startedAtMs: number | null;
  finishedAtMs: number | null;
};

const ms = (column: string, name: string) => `(extract(epoch from ${column}) * 1000)::float8 as "${name}"`;
const BROADCAST = `id, by, text, language, state, cursor, told, total, ${ms('created_at', 'createdAtMs')},
  ${ms('started_at', 'startedAtMs')}, ${ms('finished_at', 'finishedAtMs')}`;

// Who wants such news, can be reached, and was here when it began.
const WANTED = (
  language: string,
  untilMs: string,
) => `not u.news_muted and (${language}::text is null or u.language = ${language})
  and u.created_at <= to_timestamp(${untilMs}::float8 / 1000)
  and exists (select from identities i join chats c on c.identity_id = i.id where i.user_id = u.id and not c.blocked)`;

/** How many would get it. */
export async function countWanted(q: Queryable, given: { language: string | null; nowMs: number }): Promise<number> {
  const [row] = await q.query<{ count: number }>(
    'broadcasts.count',
    `select count(*)::int4 as count from users u where ${WANTED('$1', '$2')}`,
    [given.language, given.nowMs],
  );
  return row?.count ?? 0;
}

export async function insertBroadcast(
  q: Queryable,
  given: Pick<BroadcastRow, 'id' | 'by' | 'text' | 'language' | 'total'> & { nowMs: number },
): Promise<void> {
  await q.query(
    'broadcasts.insert',
    `insert into broadcasts (id, by, text, language, state, total, created_at)
     values ($1, $2, $3, $4, 'draft', $5, to_timestamp($6::float8 / 1000))`,
    [given.id, given.by, given.text, given.language, given.total, given.nowMs],
  );
}

export async function findBroadcast(q: Queryable, id: string): Promise<BroadcastRow | undefined> {
  const [row] = await q.query<BroadcastRow>('broadcasts.find', `select ${BROADCAST} from broadcasts where id = $1`, [
    id,
  ]);
  return row;
}

/** Those that were begun, newest first. */
export async function newestBroadcasts(q: Queryable, limit: number): Promise<BroadcastRow[]> {
  return q.query<BroadcastRow>(
    'broadcasts.newest',
    `select ${BROADCAST} from broadcasts where state <> 'draft' order by id desc limit $1`,
    [limit],
  );
}

/** Moves it if it is still `from`; false when it is not. */
export async function moveBroadcast(
  q: Queryable,
  given: { id: string; from: BroadcastState; to: BroadcastState; nowMs: number },
): Promise<boolean> {
  const rows = await q.query(
    'broadcasts.move',
    `update broadcasts set state = $3,
       started_at = case when $3 = 'running' then to_timestamp($4::float8 / 1000) else started_at end,
       finished_at = case when $3 <> 'running' then to_timestamp($4::float8 / 1000) end
     where id = $1 and state = $2 returning id`,
    [given.id, given.from, given.to, given.nowMs],
  );
  return rows.length === 1;
}

export async function isAnyRunning(q: Queryable): Promise<boolean> {
  const rows = await q.query('broadcasts.running', `select 1 from broadcasts where state = 'running' limit 1`, []);
  return rows.length === 1;
}

/** The oldest that goes out, its row locked; undefined also while another worker is at it. */
export async function lockRunning(tx: Tx): Promise<BroadcastRow | undefined> {
  const [row] = await tx.query<BroadcastRow>(
    'broadcasts.lock',
    `select ${BROADCAST} from broadcasts where state = 'running' order by id limit 1 for update skip locked`,
    [],
  );
  return row;
}

/** The next of those who get it, in the order of their ids. The row must be locked. */
export async function nextWanted(tx: Tx, broadcast: BroadcastRow, limit: number): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    'broadcasts.next',
    `select u.id from users u where ($3::uuid is null or u.id > $3) and ${WANTED('$1', '$2')} order by u.id limit $4`,
    [broadcast.language, broadcast.startedAtMs, broadcast.cursor, limit],
  );
  return rows.map(({ id }) => id);
}

/** Their notices, of which each has one at most; gives the ids of those that are new. */
export async function insertBroadcastNotices(
  tx: Tx,
  given: { broadcastId: string; text: string; notices: readonly { id: string; userId: string }[]; nowMs: number },
): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    'broadcasts.notices',
    `insert into notices (id, user_id, kind, subject_id, details, state, created_at)
     select given.id, given.user_id, 'broadcast', $1::uuid, jsonb_build_object('text', $2::text), 'waiting',
       to_timestamp($5::float8 / 1000)
     from unnest($3::uuid[], $4::uuid[]) as given (id, user_id)
     on conflict (user_id, kind, subject_id) do nothing returning id`,
    [
      given.broadcastId,
      given.text,
      given.notices.map(({ id }) => id),
      given.notices.map(({ userId }) => userId),
      given.nowMs,
    ],
  );
  return rows.map(({ id }) => id);
}

/** How far it has got. The row must be locked. */
export async function advanceBroadcast(tx: Tx, given: { id: string; cursor: string; told: number }): Promise<void> {
  await tx.query('broadcasts.advance', 'update broadcasts set cursor = $2, told = told + $3 where id = $1', [
    given.id,
    given.cursor,
    given.told,
  ]);
}

export async function setNewsMuted(q: Queryable, userId: string, isMuted: boolean): Promise<void> {
  await q.query('broadcasts.mute', 'update users set news_muted = $2 where id = $1', [userId, isMuted]);
}

export async function isNewsMuted(q: Queryable, userId: string): Promise<boolean> {
  const [row] = await q.query<{ muted: boolean }>(
    'broadcasts.is_muted',
    'select news_muted as muted from users where id = $1',
    [userId],
  );
  return row?.muted ?? false;
}
