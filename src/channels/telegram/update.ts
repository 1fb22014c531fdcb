// Telegram's updates as Incoming values. What the conversation cannot use (edits, channel posts, service messages, kinds
// that Telegram invents later) gives undefined and is acknowledged without an answer; in groups only commands count.
import type { Message, MessageEntity, User } from 'telegraf/types';
import type { Body, ChannelPerson, Incoming } from '../../chat/message.ts';

export const CHANNEL = 'telegram';
const FACE = { buttons: true, edits: true, pictures: true } as const;

/** What Telegram may send us; everything else stays with it. */
export const ALLOWED_UPDATES = ['message', 'callback_query', 'my_chat_member'] as const;

export type Received = {
  readonly updateId: string;
  readonly incoming: Incoming;
  /** Set for a pressed button, whose little clock runs until this is answered. */
  readonly callbackId?: string;
};

/** The parts of an update that are looked at; Telegram adds fields and kinds at will. */
type RawUpdate = {
  readonly update_id?: unknown;
  readonly message?: RawMessage;
  readonly callback_query?: {
    readonly id: string;
    readonly from: User;
    readonly data?: string;
    readonly message?: { readonly message_id: number; readonly chat: RawChat; readonly photo?: unknown };
  };
  readonly my_chat_member?: {
    readonly chat: RawChat;
    readonly from: User;
    readonly new_chat_member: { readonly status: string };
  };
};
type RawChat = { readonly id: number; readonly type?: string };
type RawMessage = Partial<Message.TextMessage> &
  Partial<Message.CaptionableMessage> & {
    readonly message_id: number;
    readonly chat: RawChat;
    readonly from?: User;
    readonly forward_origin?: unknown;
    readonly reply_to_message?: { readonly from?: User };
  };

const READABLE_LATER = [
  'photo',
  'voice',
  'sticker',
  'video',
  'video_note',
  'document',
  'audio',
  'animation',
  'location',
  'contact',
  'poll',
  'dice',
];

/**
 * Reads an update.
 * @param bot the username under which it came.
 * @throws SyntaxError when it is not JSON, TypeError when it is not an update.
 */
export function readUpdate(raw: Buffer | string, bot: string, traceId: string): Received | undefined {
  return translate(JSON.parse(raw.toString()) as unknown, bot, traceId);
}

/** The same for an update that was parsed already. Throws TypeError when it is not an update. */
export function translate(parsed: unknown, bot: string, traceId: string): Received | undefined {
  const update = parsed as RawUpdate | null;
  if (typeof update !== 'object' || update === null) throw new TypeError('not an update');
  const updateId = idOf(update.update_id);
  const { message, callback_query: press, my_chat_member: reach } = update;
  const common = { channel: CHANNEL, bot, face: FACE, traceId };
  if (message) {
    const body = bodyOf(message, bot);
    if (!body || !message.from || message.from.is_bot) return undefined;
    const replyTo = mentioned(message) ?? message.reply_to_message?.from;
    return {
      updateId,
      incoming: {
        ...common,
        ...placeOf(message.chat, message.from),
        ...(replyTo ? { replyTo: { ...personOf(replyTo), isBot: replyTo.is_bot === true } } : {}),
        body,
      },
    };
  }
  if (press?.message && press.data !== undefined) {
    const { message_id: messageId, chat, photo } = press.message;
    const body: Body = {
      kind: 'press',
      data: textOf(press.data),
      messageId: idOf(messageId),
      photo: photo !== undefined,
    };
    return { updateId, callbackId: textOf(press.id), incoming: { ...common, ...placeOf(chat, press.from), body } };
  }
  if (reach && reach.chat.type === 'private') {
    const body: Body = { kind: 'reach', blocked: reach.new_chat_member.status === 'kicked' };
    return { updateId, incoming: { ...common, ...placeOf(reach.chat, reach.from), body } };
  }
  return undefined;
}

// What names a person, a chat or an update is kept for years and compared: only what Telegram documents is taken.
function idOf(value: unknown): string {
  if (!Number.isSafeInteger(value)) throw new TypeError('not an update: an id is none');
  return String(value);
}

// PostgreSQL cannot hold the character 0, and half a surrogate pair is no text.
function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not an update: a text is none');
  return value.replaceAll('\0', '').toWellFormed();
}

function placeOf(chat: RawChat, from: User) {
  return {
    chatId: idOf(chat.id),
    // The chat of an old pressed message may come without its type; a private one has the person's own id.
    isPrivate: chat.type === undefined ? chat.id === from.id : chat.type === 'private',
    from: personOf(from),
    ...(from.language_code ? { languageCode: textOf(from.language_code) } : {}),
  };
}

function personOf(user: User): ChannelPerson {
  const name = [user.first_name, user.last_name].filter(Boolean).map(textOf).join(' ');
  return {
    externalId: idOf(user.id),
    ...(user.username ? { username: textOf(user.username) } : {}),
    ...(name ? { name } : {}),
  };
}

function bodyOf(message: RawMessage, bot: string): Body | undefined {
  const raw = message.text ?? message.caption;
  const isPrivate = message.chat.type === 'private';
  if (raw === undefined) {
    return isPrivate && READABLE_LATER.some((kind) => kind in message) ? { kind: 'other' } : undefined;
  }
  const text = withoutBotName(withoutMention(textOf(raw), entitiesOf(message)), bot);
  if (text === undefined || (!isPrivate && !text.startsWith('/'))) return undefined;
  const forwarded = message.forward_origin !== undefined;
  return { kind: 'text', text, messageId: idOf(message.message_id), forwarded };
}

// "/balance@our_bot" is "/balance"; a command for another bot in the same group is none of ours.
function withoutBotName(text: string, bot: string): string | undefined {
  const match = /^(\/\w+)@(\w+)/.exec(text);
  if (!match?.[1] || !match[2]) return text;
  return match[2].toLowerCase() === bot.toLowerCase() ? match[1] + text.slice(match[0].length) : undefined;
}

// Someone without a username is mentioned by a name that carries their id: the same as answering a message of theirs.
// The name itself is taken out, since it says nothing that the id does not say better.
function mentioned(message: RawMessage): User | undefined {
  const entity = entitiesOf(message).find((each) => each.type === 'text_mention');
  return entity?.type === 'text_mention' ? entity.user : undefined;
}

function withoutMention(text: string, entities: readonly MessageEntity[]): string {
  const entity = entities.find((each) => each.type === 'text_mention');
  if (!entity) return text;
  const rest = text.slice(entity.offset + entity.length).trimStart();
  // An offset may lie within a pair of surrogates.
  return `${text.slice(0, entity.offset)}${rest}`.trim().toWellFormed();
}

function entitiesOf(message: RawMessage): readonly MessageEntity[] {
  return message.entities ?? message.caption_entities ?? [];
}
