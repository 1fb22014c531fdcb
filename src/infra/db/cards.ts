// Which message shows a subject in a chat, so that later news edit it instead of piling up.
import type { Queryable } from './client.ts';
import { type CardRow, placeOf } from './notices.ts';
import { together } from './together.ts';

type Asked = { noticeId: string; userId: string; subjectId: string; chatRowId: string };
/**
 * `isStale`: there is newer news about the subject for this person. `isEnded`: someone else told it meanwhile.
 * `wasPending`: they were told that it takes long.
 */
export type CardNow = {
  isStale: boolean;
  isEnded: boolean;
  wasPending: boolean;
  card: { messageId: string; photo: boolean } | undefined;
};

/** The card that a notice belongs on, and whether it still says the latest; one look for all who ask in the same moment. */
export const lookForCard = together<Asked, CardNow>(async (db, asked) => {
  const rows = await db.query<{
    isStale: boolean;
    isEnded: boolean;
    wasPending: boolean;
    messageId: string | null;
    photo: boolean;
  }>(
    'cards.look',
    `select c.message_id as "messageId", c.photo, exists (select 1 from notices n join notices own on own.id = asked.id
       where n.user_id = asked.user_id and n.subject_id = asked.subject_id and ${placeOf('n')} > ${placeOf('own')}) as "isStale",
       exists (select 1 from notices n where n.user_id = asked.user_id and n.kind = 'payment_pending'
         and n.subject_id = asked.subject_id and n.sent_at is not null and n.id <> asked.id) as "wasPending",
       exists (select 1 from notices n where n.id = asked.id and n.state <> 'waiting') as "isEnded"
     from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[])
       with ordinality as asked (id, user_id, subject_id, chat_row_id, at)
     left join lateral (select message_id, photo from cards
       where subject_id = asked.subject_id and chat_row_id = asked.chat_row_id limit 1) c on true
     order by asked.at`,
    [
      asked.map(({ noticeId }) => noticeId),
      asked.map(({ userId }) => userId),
      asked.map(({ subjectId }) => subjectId),
      asked.map(({ chatRowId }) => chatRowId),
    ],
  );
  return rows.map(({ isStale, isEnded, wasPending, messageId, photo }) => {
    return { isStale, isEnded, wasPending, card: messageId === null ? undefined : { messageId, photo } };
  });
});

export async function rememberCard(q: Queryable, card: CardRow): Promise<void> {
  await q.query(
    'cards.remember',
    `insert into cards (subject_id, chat_row_id, message_id, photo) values ($1, $2, $3, $4)
     on conflict (subject_id, chat_row_id) do update set message_id = excluded.message_id, photo = excluded.photo`,
    [card.subjectId, card.chatRowId, card.messageId, card.photo],
  );
}

/** The message that shows a subject in a chat. */
export async function findCard(
  q: Queryable,
  given: { subjectId: string; bot: string; chatId: string },
): Promise<{ messageId: string; photo: boolean } | undefined> {
  const [row] = await q.query<{ messageId: string; photo: boolean }>(
    'cards.find',
    `select c.message_id as "messageId", c.photo from chats h join cards c on c.chat_row_id = h.id
     where h.bot = $2 and h.chat_id = $3 and c.subject_id = $1`,
    [given.subjectId, given.bot, given.chatId],
  );
  return row;
}
