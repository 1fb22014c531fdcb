// Which message shows a subject in a chat, so that later news edit it instead of piling up.
import type { Queryable } from './client.ts';
import { together } from './together.ts';

export type CardRow = { subjectId: string; chatRowId: string; messageId: string; photo: boolean };

type Asked = { noticeId: string; userId: string; subjectId: string; chatRowId: string };
/** `isStale`: there is newer news about the subject for this person. */
export type CardNow = { isStale: boolean; card: { messageId: string; photo: boolean } | undefined };

/** The card that a notice belongs on, and whether it still says the latest; one look for all who ask in the same moment. */
export const lookForCard = together<Asked, CardNow>(async (db, asked) => {
  const rows = await db.query<{ isStale: boolean; messageId: string | null; photo: boolean }>(
    'cards.look',
    `select c.message_id as "messageId", c.photo, exists (select 1 from notices n
       where n.user_id = asked.user_id and n.subject_id = asked.subject_id and n.id > asked.id) as "isStale"
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
  return rows.map(({ isStale, messageId, photo }) => {
    return { isStale, card: messageId === null ? undefined : { messageId, photo } };
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
