// sendMessage, sendPhoto, sendDocument, sendChatAction: checked as the real server checks them, in its order, then kept in
// the chat and answered as a Message.
import { badRequest } from '../errors.ts';
import { readMarkup } from '../keyboards.ts';
import { takeSlot } from '../limits.ts';
import { botUser, type ChatState, emit, inlineKeyboard, keepMessage } from '../state.ts';
import { readCaption, readText } from '../text/format.ts';
import type { Markup, Message } from '../wire.ts';
import { type Call, writableChat } from './call.ts';
import { readDocument, readPhoto } from './media.ts';

export function sendMessage(call: Call): Message {
  const { text, entities } = readText(call.params);
  checkPreview(call);
  const markup = readMarkup(call.params);
  const chat = writableChat(call);
  return send(call, chat, entities.length > 0 ? { text, entities } : { text }, markup);
}

export async function sendPhoto(call: Call): Promise<Message> {
  const { text, entities } = readCaption(call.params);
  const markup = readMarkup(call.params);
  const chat = writableChat(call);
  const photo = await readPhoto(call, 'photo');
  return send(call, chat, { photo, ...captioned(text, entities) }, markup);
}

export async function sendDocument(call: Call): Promise<Message> {
  const { text, entities } = readCaption(call.params);
  const markup = readMarkup(call.params);
  const chat = writableChat(call);
  const document = await readDocument(call, 'document');
  return send(call, chat, { document, ...captioned(text, entities) }, markup);
}

const ACTIONS = new Set(
  `typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker find_location
  record_video_note upload_video_note`.split(/\s+/),
);

export function sendChatAction(call: Call): true {
  const action = call.params.string('action');
  const chat = writableChat(call);
  if (!action || !ACTIONS.has(action)) throw badRequest('wrong parameter action in request');
  emit(call.state, { type: 'typing', bot: call.bot, chat, action });
  return true;
}

function captioned(caption: string, entities: Message['caption_entities']): Partial<Message> {
  if (!caption) return {};
  return entities && entities.length > 0 ? { caption, caption_entities: entities } : { caption };
}

function send(call: Call, chat: ChatState, content: Partial<Message>, markup: Markup | undefined): Message {
  const { state, bot } = call;
  const replyTo = replied(call, chat);
  takeSlot(state, bot, chat);
  const message: Message = {
    message_id: ++chat.lastMessageId,
    from: botUser(bot),
    chat: chat.chat,
    date: Math.floor(Date.now() / 1000),
    ...content,
  };
  if (replyTo) message.reply_to_message = replyTo;
  const inline = inlineKeyboard(markup);
  if (inline) message.reply_markup = inline;
  keepMessage(state, bot, chat, message, { markup, silent: call.params.boolean('disable_notification') });
  return message;
}

function replied(call: Call, chat: ChatState): Message | undefined {
  const { params } = call;
  const given = params.json('reply_parameters') as Record<string, unknown> | undefined;
  if (given !== undefined && (typeof given !== 'object' || !given))
    throw badRequest('object expected as reply parameters');
  if (given && given.message_id === undefined) throw badRequest('can\'t find field "message_id"');
  const id = given ? Number(given.message_id) : params.integer('reply_to_message_id');
  if (!id) return undefined;
  const held = chat.messages.get(id);
  if (held && !held.deleted) {
    const { reply_to_message: _, ...message } = held.message;
    return message;
  }
  const optional = given ? given.allow_sending_without_reply === true : params.boolean('allow_sending_without_reply');
  if (!optional) throw badRequest('message to be replied not found');
  return undefined;
}

function checkPreview(call: Call): void {
  if (!call.params.has('link_preview_options')) return;
  const options = call.params.json('link_preview_options') as Record<string, unknown> | null;
  if (typeof options !== 'object' || !options) throw badRequest('object expected as link preview options');
  for (const field of ['is_disabled', 'prefer_small_media', 'prefer_large_media', 'show_above_text']) {
    if (options[field] !== undefined && typeof options[field] !== 'boolean') {
      throw badRequest(`field "${field}" must be of type Boolean`);
    }
  }
}
