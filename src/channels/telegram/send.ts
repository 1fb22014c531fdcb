// Replies as Bot API calls: escaped HTML within Telegram's lengths, buttons, a QR picture, an edit in place of a new
// message. Too long a text is cut into several messages and loses nothing; an edit that is not possible any more
// becomes a new message, so that news is always seen.
import type { Button, Reply } from '../../chat/message.ts';
import { type Rich, toHtml, toPlain } from '../../chat/rich.ts';
import type { Outcome, Shown } from '../channel.ts';
import type { Api } from './api.ts';
import { qrPicture } from './qr.ts';

const TEXT_LIMIT = 4_096;
const CAPTION_LIMIT = 1_024;
const DATA_LIMIT_BYTES = 64;
const COPY_LIMIT = 256;

type Form = { readonly text: Rich; readonly limit: number; readonly field: 'text' | 'caption' };

/**
 * Sends one reply to a chat, or edits `shown` into it.
 * @returns what is now to be seen in the chat, or why nothing new is.
 */
export async function sendReply(api: Api, chatId: string, reply: Reply, shown?: Shown): Promise<Outcome<Shown>> {
  const keyboard = keyboardOf(reply.buttons);
  if (shown && reply.qr === undefined) {
    const edited = await editReply(api, chatId, reply, shown, keyboard);
    if (!(edited.state === 'refused' && edited.reason === 'gone')) return edited;
  }
  const sent = await sendNew(api, chatId, reply, keyboard);
  // A text cannot turn into a picture: the picture takes its place.
  if (shown && sent.state === 'done') await dropMessage(api, chatId, shown);
  return sent;
}

async function editReply(
  api: Api,
  chatId: string,
  reply: Reply,
  shown: Shown,
  keyboard: object,
): Promise<Outcome<Shown>> {
  const limit = shown.photo ? CAPTION_LIMIT : TEXT_LIMIT;
  const [first = [], ...more] = split(reply.text, limit);
  const form: Form = { text: first, limit, field: shown.photo ? 'caption' : 'text' };
  const target = { chat_id: chatId, message_id: Number(shown.messageId), ...(more.length ? {} : keyboard) };
  const method = shown.photo ? 'editMessageCaption' : 'editMessageText';
  const edited = await callWithText<unknown>(api, method, target, form);
  const isSame = edited.state === 'refused' && edited.reason === 'unchanged';
  if (edited.state !== 'done' && !isSame) return edited;
  return more.length ? sendTexts(api, chatId, more, keyboard) : { state: 'done', result: shown };
}

async function sendNew(api: Api, chatId: string, reply: Reply, keyboard: object): Promise<Outcome<Shown>> {
  if (reply.qr === undefined) return sendTexts(api, chatId, split(reply.text, TEXT_LIMIT), keyboard, reply.silent);
  const photo = { source: qrPicture(reply.qr), filename: 'invoice.png' };
  if (lengthOf(reply.text) > CAPTION_LIMIT) {
    const picture = await api.call<{ message_id: number }>('sendPhoto', { chat_id: chatId, photo });
    return picture.state === 'done' ? sendTexts(api, chatId, split(reply.text, TEXT_LIMIT), keyboard) : picture;
  }
  const form: Form = { text: reply.text, limit: CAPTION_LIMIT, field: 'caption' };
  const sent = await callWithText<{ message_id: number }>(
    api,
    'sendPhoto',
    { chat_id: chatId, photo, ...keyboard },
    form,
  );
  return shownBy(sent, true);
}

async function sendTexts(
  api: Api,
  chatId: string,
  texts: readonly Rich[],
  keyboard: object,
  silent = false,
): Promise<Outcome<Shown>> {
  let last: Outcome<Shown> = { state: 'refused', reason: 'other', description: 'nothing to send' };
  const quiet = silent ? { disable_notification: true } : {};
  for (const [at, text] of texts.entries()) {
    const isLast = at === texts.length - 1;
    const payload = {
      chat_id: chatId,
      link_preview_options: { is_disabled: true },
      ...quiet,
      ...(isLast ? keyboard : {}),
    };
    const form: Form = { text, limit: TEXT_LIMIT, field: 'text' };
    last = shownBy(await callWithText<{ message_id: number }>(api, 'sendMessage', payload, form), false);
    if (last.state !== 'done') return last;
  }
  return last;
}

// The words matter more than their form: what Telegram cannot parse goes out without any.
async function callWithText<T>(api: Api, method: string, payload: object, form: Form): Promise<Outcome<T>> {
  const { field, text } = form;
  const preview = method === 'editMessageText' ? { link_preview_options: { is_disabled: true } } : {};
  const html = toHtml(text).toWellFormed();
  const answer = await api.call<T>(method, { ...payload, ...preview, [field]: html, parse_mode: 'HTML' });
  if (!(answer.state === 'refused' && answer.reason === 'unparsable')) return answer;
  return api.call<T>(method, { ...payload, ...preview, [field]: toPlain(text).toWellFormed() });
}

function shownBy(answer: Outcome<{ message_id: number }>, photo: boolean): Outcome<Shown> {
  if (answer.state !== 'done') return answer;
  return { state: 'done', result: { messageId: String(answer.result.message_id), photo } };
}

/**
 * Ends a message of ours whose news comes beneath it: a picture is taken away, since a caption alone leaves it asking to
 * be scanned; a text, or a picture too old to be taken away, gets the words of `reply`.
 */
export async function closeMessage(api: Api, chatId: string, reply: Reply, shown: Shown): Promise<Outcome<Shown>> {
  if (shown.photo) {
    const deleted = await api.call('deleteMessage', { chat_id: chatId, message_id: Number(shown.messageId) });
    if (deleted.state === 'done') return { state: 'done', result: shown };
    if (deleted.state !== 'refused') return deleted;
  }
  return editReply(api, chatId, reply, shown, keyboardOf(reply.buttons));
}

/** Takes a message of ours away; where it cannot be, at least its buttons. */
export async function dropMessage(api: Api, chatId: string, shown: Shown): Promise<void> {
  const target = { chat_id: chatId, message_id: Number(shown.messageId) };
  const deleted = await api.call('deleteMessage', target);
  if (deleted.state === 'refused') await api.call('editMessageReplyMarkup', target);
}

function keyboardOf(rows: Reply['buttons']): { reply_markup?: { inline_keyboard: object[][] } } {
  const keyboard = (rows ?? []).map((row) => row.flatMap(buttonOf)).filter((row) => row.length > 0);
  return keyboard.length ? { reply_markup: { inline_keyboard: keyboard } } : {};
}

function buttonOf(button: Button): object[] {
  if ('url' in button) return [{ text: button.label, url: button.url }];
  // Longer texts cannot be copied by a button; they stand in the message itself.
  if ('copy' in button) {
    return button.copy.length <= COPY_LIMIT ? [{ text: button.label, copy_text: { text: button.copy } }] : [];
  }
  if (button.data === '' || Buffer.byteLength(button.data) > DATA_LIMIT_BYTES) {
    throw new Error(`the data of a button is not 1 to ${DATA_LIMIT_BYTES} bytes: ${button.data.split(':')[0]}`);
  }
  return [{ text: button.label, callback_data: button.data }];
}

/** Length in UTF-16 units, which is never less than in characters. */
export function lengthOf(text: Rich): number {
  return text.reduce((sum, span) => sum + span.text.length, 0);
}

/** Cuts a text into pieces of at most `limit` units: at a line's end if there is one, else at a space, else anywhere
 * between two characters. Forms are kept across the cut, and no piece is empty. */
export function split(text: Rich, limit: number): Rich[] {
  const pieces: Rich[] = [];
  let rest = text;
  while (lengthOf(rest) > limit) {
    const plain = toPlain(rest);
    const at = cutAt(plain, limit);
    pieces.push(slice(rest, 0, at));
    const skip = /^\s+/.exec(plain.slice(at))?.[0].length ?? 0;
    rest = slice(rest, at + skip, plain.length);
  }
  pieces.push(rest);
  return pieces.filter((piece) => toPlain(piece).trim() !== '');
}

function cutAt(plain: string, limit: number): number {
  const line = plain.lastIndexOf('\n', limit);
  if (line > limit / 2) return line;
  const space = plain.lastIndexOf(' ', limit);
  if (space > limit / 2) return space;
  const code = plain.charCodeAt(limit - 1);
  const splitsPair = code >= 0xd800 && code <= 0xdbff;
  return splitsPair ? limit - 1 : limit;
}

function slice(text: Rich, from: number, to: number): Rich {
  let at = 0;
  return text.flatMap((span) => {
    const start = Math.max(from - at, 0);
    const stop = Math.min(to - at, span.text.length);
    at += span.text.length;
    return start < stop ? [{ ...span, text: span.text.slice(start, stop) }] : [];
  });
}

/** "Typing", which is gone after five seconds: whether Telegram answers just now. */
export function probe(api: Api, chatId: string): Promise<Outcome<unknown>> {
  return api.call('sendChatAction', { chat_id: chatId, action: 'typing' });
}
