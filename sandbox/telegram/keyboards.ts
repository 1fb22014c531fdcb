// Checks a `reply_markup` as the real server does before anything is sent: what a button may carry, how long its data may
// be, which addresses it may open.
import { badRequest } from './errors.ts';
import type { Params } from './params.ts';
import type { InlineButton, InlineKeyboard, KeyboardButton, Markup, ReplyKeyboard } from './wire.ts';

const MAX_BUTTONS = 100;
const ACTIONS = [
  'url',
  'callback_data',
  'web_app',
  'copy_text',
  'login_url',
  'switch_inline_query',
  'switch_inline_query_current_chat',
  'switch_inline_query_chosen_chat',
  'callback_game',
  'pay',
] as const;

/** The keyboard of a call, or undefined when there is none. */
export function readMarkup(params: Params): Markup | undefined {
  if (!params.has('reply_markup') || params.values.reply_markup === '') return undefined;
  let given: unknown;
  try {
    given = params.json('reply_markup');
  } catch {
    throw badRequest("can't parse reply keyboard markup JSON object");
  }
  if (typeof given !== 'object' || !given || Array.isArray(given)) throw badRequest('object expected as reply markup');
  const markup = given as Record<string, unknown>;
  if (markup.inline_keyboard !== undefined) return readInline(markup.inline_keyboard);
  if (markup.keyboard !== undefined) return readReply(markup);
  if (markup.remove_keyboard === true) return { remove_keyboard: true };
  if (markup.force_reply === true) return { force_reply: true };
  return undefined;
}

/** The keyboard of an edit: only inline ones exist there. */
export function readInlineMarkup(params: Params): InlineKeyboard | undefined {
  const markup = readMarkup(params);
  if (!markup) return undefined;
  if (!('inline_keyboard' in markup)) throw badRequest('inline keyboard expected');
  return markup;
}

function readInline(rows: unknown): InlineKeyboard {
  if (!Array.isArray(rows)) throw badRequest('field "inline_keyboard" must be of type Array');
  const keyboard: InlineButton[][] = [];
  let count = 0;
  for (const row of rows) {
    if (!Array.isArray(row)) throw badRequest("can't parse inline keyboard: Field must be of type Array of Array");
    if (row.length > 0) keyboard.push(row.map(readInlineButton));
    count += row.length;
  }
  if (count > MAX_BUTTONS) throw badRequest('reply markup is too long');
  return { inline_keyboard: keyboard };
}

function readInlineButton(given: unknown): InlineButton {
  const fault = (text: string) => badRequest(`can't parse inline keyboard button: ${text}`);
  if (typeof given !== 'object' || !given) throw fault('Object expected');
  const button = given as Record<string, unknown>;
  if (typeof button.text !== 'string') throw fault('Field "text" must be of type String');
  if (button.text.trim() === '') throw badRequest('BUTTON_TEXT_INVALID');
  for (const field of ['url', 'callback_data'] as const) {
    const value = button[field];
    if (value !== undefined && typeof value !== 'string') throw fault(`Field "${field}" must be of type String`);
  }
  const action = ACTIONS.find((name) => button[name] !== undefined && button[name] !== '');
  const isSwitch = ACTIONS.some((name) => name.startsWith('switch_') && button[name] === '');
  if (!action && !isSwitch) throw fault('Text buttons are unallowed in the inline keyboard');
  if (action === 'callback_data' && Buffer.byteLength(String(button.callback_data)) > 64) {
    throw badRequest('BUTTON_DATA_INVALID');
  }
  if (action === 'url') checkUrl(String(button.url), 'inline keyboard button URL');
  if (action === 'copy_text') {
    const copy = button.copy_text as { text?: unknown };
    if (typeof copy !== 'object') throw badRequest('field "copy_text" must be of type Object');
    const length = typeof copy.text === 'string' ? copy.text.length : 0;
    if (length < 1 || length > 256) throw badRequest('BUTTON_COPY_TEXT_INVALID');
  }
  return button as unknown as InlineButton;
}

/** Refuses an address that Telegram would not open, in its words. */
export function checkUrl(url: string, what: string): void {
  const fault = (text: string) => badRequest(`${what} '${url}' is invalid: ${text}`);
  const protocol = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (protocol === 'tg' || protocol === 'ton' || protocol === 'tonsite') return;
  if (protocol && protocol !== 'http' && protocol !== 'https') throw fault('Unsupported URL protocol');
  const host = /^(?:https?:\/\/)?([^/?#:]*)/i.exec(url)?.[1] ?? '';
  if (!host) throw fault('URL host is empty');
  if (!host.includes('.') || /\s/.test(url)) throw fault('Wrong HTTP URL');
}

function readReply(markup: Record<string, unknown>): ReplyKeyboard {
  const rows = markup.keyboard;
  if (!Array.isArray(rows)) throw badRequest('field "keyboard" must be of type Array');
  const keyboard: KeyboardButton[][] = rows.map((row: unknown) => {
    if (!Array.isArray(row)) throw badRequest("can't parse keyboard: Field must be of type Array of Array");
    return row.map((button: unknown) => {
      if (typeof button === 'string') return { text: button };
      const text = (button as KeyboardButton | null)?.text;
      if (typeof text !== 'string' || !text) {
        throw badRequest('can\'t parse keyboard button: Field "text" must be of type String');
      }
      return button as KeyboardButton;
    });
  });
  return { ...(markup as unknown as ReplyKeyboard), keyboard };
}
