// A chat as its people see it: messages with safe HTML, buttons, pictures, how often each was edited, what was deleted.
import type { Bot, ChatState, Held, State } from './state.ts';
import { renderHtml } from './text/render.ts';
import type { Contact, Entity, InlineButton } from './wire.ts';

export interface MessageView {
  message_id: number;
  from: 'bot' | 'person';
  name: string;
  date: number;
  /** The text, or the caption of a picture. */
  text: string;
  entities: Entity[];
  html: string;
  /** Inline buttons, row by row. */
  buttons: InlineButton[][];
  photo?: { url: string; width: number; height: number };
  document?: { url: string; name: string };
  contact?: Contact;
  reply_to?: { message_id: number; text: string };
  forwarded_from?: string;
  edits: number;
  deleted: boolean;
  /** It came without a sound. */
  silent: boolean;
}

export function viewMessage(state: State, held: Held): MessageView {
  const { message } = held;
  const text = message.text ?? message.caption ?? '';
  const entities = message.entities ?? message.caption_entities ?? [];
  const view: MessageView = {
    message_id: message.message_id,
    from: held.fromBot ? 'bot' : 'person',
    name: message.from.first_name,
    date: message.date,
    text,
    entities,
    html: renderHtml(text, entities),
    buttons: message.reply_markup?.inline_keyboard ?? [],
    edits: held.edits,
    deleted: held.deleted,
    silent: held.silent ?? false,
  };
  const photo = message.photo?.at(-1);
  if (photo) view.photo = { url: fileUrl(state, photo.file_unique_id), width: photo.width, height: photo.height };
  const { document, reply_to_message: replied, forward_origin: origin } = message;
  if (document) {
    view.document = { url: fileUrl(state, document.file_unique_id), name: document.file_name ?? 'file' };
  }
  if (message.contact) view.contact = message.contact;
  if (replied) view.reply_to = { message_id: replied.message_id, text: replied.text ?? replied.caption ?? '' };
  if (origin) view.forwarded_from = origin.type === 'user' ? origin.sender_user.first_name : origin.sender_user_name;
  return view;
}

function fileUrl(state: State, unique: string): string {
  return `${state.url}/people/files/${unique}`;
}

/** All messages of a chat that are still kept, oldest first, deleted ones among them. */
export function viewChat(state: State, chat: ChatState): MessageView[] {
  return [...chat.messages.values()].map((held) => viewMessage(state, held));
}

/** A short account of the end of a chat, for the texts of failed tests. */
export function describeChat(state: State, bot: Bot, chat: ChatState): string {
  const lines = viewChat(state, chat)
    .slice(-6)
    .map((view) => {
      const buttons = view.buttons.flat().map((button) => `[${button.text}]`);
      const gone = view.deleted ? ' (deleted)' : '';
      return `  ${view.from === 'bot' ? `@${bot.username}` : view.name}${gone}: ${view.text} ${buttons.join(' ')}`;
    });
  return lines.length > 0 ? lines.join('\n') : '  (the chat is empty)';
}
