// The edits and deleteMessage. An edit that changes nothing is refused, as is one of a message that is gone or not the
// bot's; edits count towards the pace like messages do.
import { badRequest } from '../errors.ts';
import { readInlineMarkup } from '../keyboards.ts';
import { takeSlot } from '../limits.ts';
import { Params } from '../params.ts';
import { type ChatState, emit, type Held, inlineKeyboard } from '../state.ts';
import { CAPTION_LIMIT, format, readCaption, readText } from '../text/format.ts';
import type { Document, Entity, InlineKeyboard, Message, PhotoSize } from '../wire.ts';
import { type Call, findMessage, writableChat } from './call.ts';
import { readDocument, readPhoto } from './media.ts';

const NOT_MODIFIED =
  'message is not modified: specified new message content and reply markup are exactly the same as a current content ' +
  'and reply markup of the message';
const DELETE_SECONDS = 48 * 3600;

interface Content {
  text?: string;
  entities?: Entity[];
  caption?: string;
  caption_entities?: Entity[];
  photo?: PhotoSize[];
  document?: Document;
}

export function editMessageText(call: Call): Message {
  const { text, entities } = readText(call.params);
  const { chat, held, markup } = target(call);
  if (held.message.text === undefined) throw badRequest('there is no text in the message to edit');
  return apply(call, chat, held, { text, entities }, markup);
}

export function editMessageCaption(call: Call): Message {
  const { text, entities } = readCaption(call.params);
  const { chat, held, markup } = target(call);
  if (held.message.text !== undefined) throw badRequest('there is no caption in the message to edit');
  return apply(call, chat, held, { caption: text, caption_entities: entities }, markup);
}

export function editMessageReplyMarkup(call: Call): Message {
  const { chat, held, markup } = target(call);
  return apply(call, chat, held, {}, markup);
}

export async function editMessageMedia(call: Call): Promise<Message> {
  const media = call.params.json('media') as Record<string, unknown> | undefined;
  if (typeof media !== 'object' || !media) throw badRequest("can't parse InputMedia: Object expected");
  const { chat, held, markup } = target(call);
  const source: Call = { ...call, params: new Params({ media: media.media }, call.params.files) };
  const given = typeof media.caption === 'string' ? media.caption : '';
  const mode = typeof media.parse_mode === 'string' ? media.parse_mode : undefined;
  const { text: caption, entities } = format(given, mode, media.caption_entities);
  if (caption.length > CAPTION_LIMIT) throw badRequest('message caption is too long');
  const content: Content = { caption, caption_entities: entities };
  if (media.type === 'photo') content.photo = await readPhoto(source, 'media');
  else if (media.type === 'document') content.document = await readDocument(source, 'media');
  else throw badRequest("can't parse InputMedia: media type must be one of photo, document");
  return apply(call, chat, held, content, markup);
}

function target(call: Call): { chat: ChatState; held: Held; markup: InlineKeyboard | undefined } {
  const markup = readInlineMarkup(call.params);
  if (call.params.has('inline_message_id')) throw badRequest('MESSAGE_ID_INVALID');
  const chat = writableChat(call);
  const held = findMessage(call, chat, 'edit');
  if (!held.fromBot) throw badRequest("message can't be edited");
  return { chat, held, markup: inlineKeyboard(markup) };
}

function apply(call: Call, chat: ChatState, held: Held, content: Content, markup: InlineKeyboard | undefined): Message {
  const { message } = held;
  if (same(message, content) && JSON.stringify(message.reply_markup) === JSON.stringify(markup)) {
    throw badRequest(NOT_MODIFIED);
  }
  takeSlot(call.state, call.bot, chat);
  // A new object: what was answered or shown before must not change under its reader.
  const changed: Message = { ...message, ...content, edit_date: Math.floor(Date.now() / 1000) };
  if (content.photo || content.document) {
    delete changed.text;
    delete changed.entities;
    delete changed[content.photo ? 'document' : 'photo'];
  }
  if (changed.entities?.length === 0) delete changed.entities;
  if (changed.caption_entities?.length === 0) delete changed.caption_entities;
  if (changed.caption === '') delete changed.caption;
  if (markup) changed.reply_markup = markup;
  else delete changed.reply_markup;
  held.message = changed;
  held.edits++;
  held.change = ++call.state.changes;
  emit(call.state, { type: 'edit', bot: call.bot, chat, held });
  return changed;
}

function same(message: Message, content: Content): boolean {
  if (content.photo && content.photo.at(-1)?.file_unique_id !== message.photo?.at(-1)?.file_unique_id) return false;
  if (content.document && content.document.file_unique_id !== message.document?.file_unique_id) return false;
  if (content.text !== undefined) {
    return message.text === content.text && sameEntities(message.entities, content.entities);
  }
  if (content.caption === undefined) return true;
  return (
    (message.caption ?? '') === content.caption && sameEntities(message.caption_entities, content.caption_entities)
  );
}

function sameEntities(one: Entity[] = [], other: Entity[] = []): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function deleteMessage(call: Call): true {
  const chat = writableChat(call);
  const held = findMessage(call, chat, 'delete');
  if (Date.now() / 1000 - held.message.date > DELETE_SECONDS) throw badRequest("message can't be deleted for everyone");
  if (!held.fromBot && chat.chat.type !== 'private') throw badRequest("message can't be deleted");
  held.deleted = true;
  held.change = ++call.state.changes;
  emit(call.state, { type: 'delete', bot: call.bot, chat, held });
  return true;
}
