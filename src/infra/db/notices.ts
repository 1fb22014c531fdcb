// Rows of what people are to be told, at most one per person, kind and subject. The row is made with the news itself
// and marked when it is sent; a mark lost to a crash may repeat the message once, never the news.
import type { Notice, StoredNotice } from '../../domain/notice.ts';
import type { Db, Queryable } from './client.ts';
import { together } from './together.ts';
import type { ReachableChat } from './users.ts';

/** False when this person was (or is about to be) told already. */
export async function insertNotice(
  q: Queryable,
  given: { id: string; userId: string; subjectId: string; notice: Notice; nowMs: number },
): Promise<boolean> {
  const { kind, ...details } = given.notice;
  const rows = await q.query(
    'notices.insert',
    `insert into notices (id, user_id, kind, subject_id, details, state, created_at)
     values ($1, $2, $3, $4, $5, 'waiting', to_timestamp($6::float8 / 1000))
     on conflict (user_id, kind, subject_id) do nothing returning id`,
    [given.id, given.userId, kind, given.subjectId, JSON.stringify(details), given.nowMs],
  );
  return rows.length === 1;
}

type Row = {
  id: string;
  userId: string;
  kind: string;
  subjectId: string;
  details: object;
  state: StoredNotice['state'];
};
const NOTICE = 'n.id, n.user_id as "userId", n.kind, n.subject_id as "subjectId", n.details, n.state';

// Written by insertNotice and by nothing else.
function noticeOf({ id, userId, subjectId, state, kind, details }: Row): StoredNotice {
  return { id, userId, subjectId, state, notice: { kind, ...details } as Notice };
}

export async function findNotice(q: Queryable, id: string): Promise<StoredNotice | undefined> {
  const [row] = await q.query<Row>('notices.find', `select ${NOTICE} from notices n where n.id = $1`, [id]);
  return row && noticeOf(row);
}

/** The newest news about a subject for a person, sent or not. */
export async function newestAbout(
  q: Queryable,
  given: { userId: string; subjectId: string },
): Promise<StoredNotice | undefined> {
  const [row] = await q.query<Row>(
    'notices.newest',
    `select ${NOTICE} from notices n where n.user_id = $1 and n.subject_id = $2
     order by ${placeOf('n')} desc limit 1`,
    [given.userId, given.subjectId],
  );
  return row && noticeOf(row);
}

// News of what is under way never comes after the news of its end, whichever was numbered first: two processes number
// theirs before they know whose is committed first, and no clock decides what is told.
const STEPS = "when 'invoice_late' then 0 when 'payment_pending' then 0 when 'invoice_ready' then 1 else 2 end";

/** The place of a notice (an alias of the table, in SQL) among the news about its subject: the greater is the later. */
export const placeOf = (notice: string): string => `(case ${notice}.kind ${STEPS}, ${notice}.id)`;

/** All that telling somebody something needs: the notice, how they read it, and the chat to tell it in, if there is one. */
export type Telling = {
  readonly notice: StoredNotice;
  readonly person: { readonly language: string; readonly currency: string; readonly zone: string };
  readonly chat: ReachableChat | undefined;
};

type TellingRow = Row & Telling['person'] & { at: bigint; chat: ReachableChat | null };

// Each look is one by a key, whatever the tables have grown to.
const TELLING = `select asked.at, n.*, u.language, u.currency, u.zone, to_jsonb(c) as chat
  from unnest($1::uuid[]) with ordinality as asked (id, at)
  cross join lateral (select ${NOTICE} from notices n where n.id = asked.id limit 1) n
  cross join lateral (select language, currency, zone from users where id = n."userId" limit 1) u
  left join lateral (select c.id, i.channel, c.bot, c.chat_id as "chatId"
    from identities i join chats c on c.identity_id = i.id
    where i.user_id = n."userId" and not c.blocked order by c.last_seen_at desc limit 1) c on true`;

/** What is needed to tell a notice; one look for all who ask in the same moment. Undefined when there is no such notice. */
export const lookForTelling = together<string, Telling | undefined>(async (db, ids) => {
  const rows = await db.query<TellingRow>('notices.telling', TELLING, [ids]);
  const found = new Map(rows.map((row) => [Number(row.at), tellingOf(row)]));
  return ids.map((_, index) => found.get(index + 1));
});

function tellingOf(row: TellingRow): Telling {
  const { language, currency, zone, chat } = row;
  return { notice: noticeOf(row), person: { language, currency, zone }, chat: chat ?? undefined };
}

/** The message that shows a subject in a chat. */
export type CardRow = { subjectId: string; chatRowId: string; messageId: string; photo: boolean };

/** How a notice ended. `nowMs` null: newer news said it better, so it was never shown. `card`: what now shows its subject. */
export type EndedNotice = {
  readonly id: string;
  readonly state: 'sent' | 'unreachable';
  readonly nowMs: number | null;
  readonly card?: CardRow;
};

const END = `with marked as (
    update notices n set state = given.state, sent_at = to_timestamp(given.now_ms / 1000)
    from unnest($1::uuid[], $2::text[], $3::float8[]) as given (id, state, now_ms) where n.id = given.id),
  carded as (
    insert into cards (subject_id, chat_row_id, message_id, photo)
    select * from unnest($4::uuid[], $5::uuid[], $6::text[], $7::boolean[])
    on conflict (subject_id, chat_row_id) do update set message_id = excluded.message_id, photo = excluded.photo)
  delete from outbox where id = any($1)`;

/**
 * Marks a notice, remembers its card and ends the job that bears its id, all three in one step; those of all who end one
 * in the same moment share it.
 */
export const endNotice: (db: Db, ended: EndedNotice) => Promise<void> = together<EndedNotice, void>(
  async (db, given) => {
    // In one order, since two workers may end the same ones; the last word of each counts.
    const ended = lastOfEach(given, ({ id }) => id);
    const cards = lastOfEach(
      given.flatMap(({ card }) => card ?? []),
      ({ subjectId, chatRowId }) => `${subjectId}/${chatRowId}`,
    );
    await db.call('notices.end', END, [
      ended.map(({ id }) => id),
      ended.map(({ state }) => state),
      ended.map(({ nowMs }) => nowMs),
      cards.map(({ subjectId }) => subjectId),
      cards.map(({ chatRowId }) => chatRowId),
      cards.map(({ messageId }) => messageId),
      cards.map(({ photo }) => photo),
    ]);
    return given.map(() => undefined);
  },
);

function lastOfEach<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  const last = new Map(items.map((item) => [nameOf(item), item]));
  return [...last].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/** Takes the text of what was told long ago; the row stays, so that nobody is told again. */
export async function forgetDetails(q: Queryable, given: { beforeMs: number; limit: number }): Promise<number> {
  const rows = await q.query(
    'notices.forget',
    `update notices set details = '{}' where id in (
       select id from notices where state <> 'waiting' and details <> '{}'
         and created_at < to_timestamp($1::float8 / 1000) limit $2) returning id`,
    [given.beforeMs, given.limit],
  );
  return rows.length;
}
