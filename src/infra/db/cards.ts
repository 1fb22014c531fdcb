// Which message shows a subject in a chat, so that later news edit it instead of piling up.
import type { Queryable } from './client.ts';

export type CardRow = { subjectId: string; chatRowId: string; messageId: string; photo: boolean };

export async function cardOf(
  q: Queryable,
  given: { subjectId: string; chatRowId: string },
): Promise<CardRow | undefined> {
  const [row] = await q.query<CardRow>(
    'cards.find',
    `select subject_id as "subjectId", chat_row_id as "chatRowId", message_id as "messageId", photo from cards
     where subject_id = $1 and chat_row_id = $2`,
    [given.subjectId, given.chatRowId],
  );
  return row;
}

export async function rememberCard(q: Queryable, card: CardRow): Promise<void> {
  await q.query(
    'cards.remember',
    `insert into cards (subject_id, chat_row_id, message_id, photo) values ($1, $2, $3, $4)
     on conflict (subject_id, chat_row_id) do update set message_id = excluded.message_id, photo = excluded.photo`,
    [card.subjectId, card.chatRowId, card.messageId, card.photo],
  );
}
