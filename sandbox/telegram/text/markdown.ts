// MarkdownV2, parsed by the published rules: every reserved character is markup or escaped, anything else is an error in
// the server's words. The legacy "Markdown" mode is parsed too, as old bots still send it.
import type { Entity } from '../wire.ts';
import { badEntities, byteOffset, type Formatted } from './formatted.ts';

const RESERVED = '_*[]()~`>#+-=|{}.!';
const NAMES: Record<string, string> = {
  bold: 'Bold',
  italic: 'Italic',
  underline: 'Underline',
  strikethrough: 'Strikethrough',
  spoiler: 'Spoiler',
  code: 'Code',
  pre: 'Pre',
  text_link: 'TextUrl',
  custom_emoji: 'CustomEmoji',
};

interface OpenMark {
  type: string;
  end: string;
  start: number;
  from: number;
  language?: string;
}

interface Reading {
  source: string;
  at: number;
  text: string;
  open: OpenMark[];
  entities: Entity[];
  quoteFrom: number | undefined;
}

/** MarkdownV2 in, plain text and entities out; throws the server's 400 on the first fault. */
export function parseMarkdownV2(source: string): Formatted {
  const reading: Reading = { source, at: 0, text: '', open: [], entities: [], quoteFrom: undefined };
  while (reading.at < source.length) step(reading);
  endQuote(reading);
  const unclosed = reading.open.at(-1);
  if (unclosed) {
    const where = byteOffset(source, unclosed.from);
    throw badEntities(`Can't find end of ${NAMES[unclosed.type]} entity at byte offset ${where}`);
  }
  return { text: reading.text, entities: reading.entities };
}

function step(reading: Reading): void {
  const { source } = reading;
  const character = source[reading.at] ?? '';
  const following = source.charCodeAt(reading.at + 1);
  if (character === '\\' && following > 0 && following <= 126) {
    reading.text += source[reading.at + 1];
    reading.at += 2;
    return;
  }
  const current = reading.open.at(-1);
  if (
    current &&
    source.startsWith(current.end, reading.at) &&
    !(current.end === '_' && source[reading.at + 1] === '_')
  ) {
    endMark(reading, current);
    return;
  }
  if (character === '\n' && reading.quoteFrom !== undefined && source[reading.at + 1] !== '>') endQuote(reading);
  const verbatim = current?.type === 'code' || current?.type === 'pre';
  if (verbatim ? character !== '`' : !RESERVED.includes(character)) {
    reading.text += character;
    reading.at++;
    return;
  }
  beginMark(reading, character);
}

function beginMark(reading: Reading, character: string): void {
  const { source, at } = reading;
  if (character === '>' && (at === 0 || source[at - 1] === '\n')) {
    reading.quoteFrom ??= reading.text.length;
    reading.at++;
    return;
  }
  const mark = markAt(source, at);
  if (!mark) {
    throw badEntities(`Character '${character}' is reserved and must be escaped with the preceding '\\'`);
  }
  reading.at += mark.opening;
  const open: OpenMark = { type: mark.type, end: mark.end, start: reading.text.length, from: at };
  if (mark.type === 'pre') {
    const language = /^([^\s`]*)\n/.exec(source.slice(reading.at));
    if (language) {
      reading.at += language[0].length;
      if (language[1]) open.language = language[1];
    }
  }
  reading.open.push(open);
}

function markAt(source: string, at: number): { type: string; end: string; opening: number } | undefined {
  if (source.startsWith('```', at)) return { type: 'pre', end: '```', opening: 3 };
  if (source.startsWith('__', at)) return { type: 'underline', end: '__', opening: 2 };
  if (source.startsWith('||', at)) return { type: 'spoiler', end: '||', opening: 2 };
  if (source.startsWith('![', at)) return { type: 'custom_emoji', end: ']', opening: 2 };
  const single: Record<string, string> = { '`': 'code', _: 'italic', '*': 'bold', '~': 'strikethrough' };
  const character = source[at] ?? '';
  if (character === '[') return { type: 'text_link', end: ']', opening: 1 };
  const type = single[character];
  return type ? { type, end: character, opening: 1 } : undefined;
}

function endMark(reading: Reading, mark: OpenMark): void {
  reading.open.pop();
  reading.at += mark.end.length;
  const entity: Entity = { type: mark.type, offset: mark.start, length: reading.text.length - mark.start };
  if (mark.language) entity.language = mark.language;
  if (mark.type === 'text_link' || mark.type === 'custom_emoji') {
    const address = readAddress(reading, mark);
    if (!address) return;
    if (mark.type === 'text_link') entity.url = address;
    else entity.custom_emoji_id = new URL(address, 'tg://emoji').searchParams.get('id') ?? '';
  }
  if (entity.length > 0) reading.entities.push(entity);
}

function readAddress(reading: Reading, mark: OpenMark): string | undefined {
  const { source } = reading;
  if (source[reading.at] !== '(') {
    return mark.type === 'text_link' ? reading.text.slice(mark.start) : undefined;
  }
  const begin = reading.at;
  let url = '';
  for (reading.at++; reading.at < source.length && source[reading.at] !== ')'; reading.at++) {
    if (source[reading.at] === '\\' && source.charCodeAt(reading.at + 1) <= 126) reading.at++;
    url += source[reading.at];
  }
  if (source[reading.at] !== ')') {
    throw badEntities(`Can't find end of a URL at byte offset ${byteOffset(source, begin)}`);
  }
  reading.at++;
  return url;
}

function endQuote(reading: Reading): void {
  if (reading.quoteFrom === undefined) return;
  const length = reading.text.length - reading.quoteFrom;
  if (length > 0) reading.entities.push({ type: 'blockquote', offset: reading.quoteFrom, length });
  reading.quoteFrom = undefined;
}

/** The legacy mode: no nesting, a mark that is not closed is an error. */
export function parseMarkdown(source: string): Formatted {
  const entities: Entity[] = [];
  let text = '';
  let at = 0;
  while (at < source.length) {
    const character = source[at] ?? '';
    if (character === '\\' && '_*`['.includes(source[at + 1] ?? ' ')) {
      text += source[at + 1];
      at += 2;
      continue;
    }
    if (!'_*`['.includes(character)) {
      text += character;
      at++;
      continue;
    }
    const mark = source.startsWith('```', at) ? '```' : character;
    const end = source.indexOf(mark === '[' ? ']' : mark, at + mark.length);
    if (end < 0) throw badEntities(`Can't find end of the entity starting at byte offset ${byteOffset(source, at)}`);
    const inner = source.slice(at + mark.length, end);
    const types: Record<string, string> = { _: 'italic', '*': 'bold', '`': 'code', '```': 'pre', '[': 'text_link' };
    const entity: Entity = { type: types[mark] ?? 'bold', offset: text.length, length: inner.length };
    at = end + (mark === '```' ? 3 : 1);
    const address = mark === '[' ? /^\(([^)]*)\)/.exec(source.slice(at)) : undefined;
    if (address) {
      at += address[0].length;
      entity.url = address[1] ?? '';
    }
    text += inner;
    if (inner && (mark !== '[' || entity.url)) entities.push(entity);
  }
  return { text, entities };
}
