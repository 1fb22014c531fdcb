// Telegram's HTML, parsed as its server parses it: a handful of tags, four named characters, everything else an error
// that names the byte where it stands. Gives plain text and entities in UTF-16 units.
import type { Entity } from '../wire.ts';
import { badEntities, byteOffset, type Formatted } from './formatted.ts';

const STYLES: Record<string, string> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strikethrough',
  strike: 'strikethrough',
  del: 'strikethrough',
  'tg-spoiler': 'spoiler',
  span: 'spoiler',
  code: 'code',
  pre: 'pre',
  a: 'text_link',
  blockquote: 'blockquote',
  'tg-emoji': 'custom_emoji',
};

const NAMED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"' };

interface OpenTag {
  name: string;
  argument: string;
  start: number;
}

/** Text with tags in, plain text and entities out; throws the server's 400 on the first fault. */
export function parseHtml(source: string): Formatted {
  const entities: Entity[] = [];
  const open: OpenTag[] = [];
  let text = '';
  let at = 0;
  while (at < source.length) {
    const next = source.slice(at).search(/[<&]/);
    if (next < 0) {
      text += source.slice(at);
      break;
    }
    text += source.slice(at, at + next);
    at += next;
    if (source[at] === '&') {
      const decoded = decodeCharacter(source, at);
      text += decoded?.text ?? '&';
      at += decoded?.length ?? 1;
    } else if (source[at + 1] === '/') {
      at = closeTag(source, at, text, open, entities);
    } else {
      const tag = readStartTag(source, at);
      open.push({ name: tag.name, argument: tag.argument, start: text.length });
      at = tag.end;
    }
  }
  const unclosed = open.at(-1);
  if (unclosed) throw badEntities(`Can't find end tag corresponding to start tag "${unclosed.name}"`);
  return { text, entities };
}

function decodeCharacter(source: string, at: number): { text: string; length: number } | undefined {
  const numeric = /^&#(?:x([0-9a-f]+)|([0-9]+));?/i.exec(source.slice(at, at + 12));
  if (numeric) {
    const code = numeric[1] ? Number.parseInt(numeric[1], 16) : Number(numeric[2]);
    if (code === 0 || code >= 0x10ffff) return undefined;
    return { text: String.fromCodePoint(code), length: numeric[0].length };
  }
  const named = /^&([a-z]+);?/.exec(source.slice(at, at + 7));
  const character = NAMED[named?.[1] ?? ''];
  return named && character ? { text: character, length: named[0].length } : undefined;
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && /[ \t\r\n\0\v]/.test(character);
}

function readStartTag(source: string, begin: number): { name: string; argument: string; end: number } {
  const where = () => byteOffset(source, begin);
  let at = begin + 1;
  while (at < source.length && !isSpace(source[at]) && source[at] !== '>') at++;
  if (at >= source.length) throw badEntities(`Unclosed start tag at byte offset ${where()}`);
  const name = source.slice(begin + 1, at).toLowerCase();
  if (!(name in STYLES)) throw badEntities(`Unsupported start tag "${name}" at byte offset ${where()}`);
  let argument = '';
  while (source[at] !== '>') {
    while (isSpace(source[at])) at++;
    if (source[at] === '>') break;
    const attribute = readAttribute(source, at, name, where);
    at = attribute.end;
    argument = argumentOf(name, attribute.name, attribute.value) ?? argument;
  }
  if (name === 'span' && argument !== 'spoiler') {
    throw badEntities(`Tag "span" must have class "tg-spoiler" at byte offset ${where()}`);
  }
  return { name, argument, end: at + 1 };
}

function readAttribute(source: string, begin: number, tag: string, where: () => number) {
  let at = begin;
  while (at < source.length && !isSpace(source[at]) && !'=>/"\''.includes(source[at] ?? '')) at++;
  const name = source.slice(begin, at);
  if (at >= source.length) throw badEntities(`Unclosed start tag at byte offset ${where()}`);
  if (!name) throw badEntities(`Empty attribute name in the tag "${tag}" at byte offset ${where()}`);
  while (isSpace(source[at])) at++;
  if (source[at] !== '=') {
    if (at >= source.length) throw badEntities(`Unclosed start tag at byte offset ${where()}`);
    if (tag === 'blockquote' && name === 'expandable') return { name, value: '', end: at };
    throw badEntities(
      `Expected equal sign in declaration of an attribute of the tag "${tag}" at byte offset ${where()}`,
    );
  }
  at++;
  while (isSpace(source[at])) at++;
  return { name, ...readValue(source, at, where) };
}

function readValue(source: string, begin: number, where: () => number): { value: string; end: number } {
  const quote = source[begin];
  let value = '';
  let at = begin;
  if (quote !== '"' && quote !== "'") {
    while (/[a-zA-Z0-9.-]/.test(source[at] ?? '')) at++;
    value = source.slice(begin, at).toLowerCase();
    if (at >= source.length) throw badEntities(`Unclosed start tag at byte offset ${where()}`);
    if (!isSpace(source[at]) && source[at] !== '>') {
      throw badEntities(`Unexpected end of name token at byte offset ${byteOffset(source, begin)}`);
    }
    return { value, end: at };
  }
  at++;
  while (at < source.length && source[at] !== quote) {
    const decoded = source[at] === '&' ? decodeCharacter(source, at) : undefined;
    value += decoded?.text ?? source[at];
    at += decoded?.length ?? 1;
  }
  if (at + 1 >= source.length) throw badEntities(`Unclosed start tag at byte offset ${where()}`);
  return { value, end: at + 1 };
}

function argumentOf(tag: string, attribute: string, value: string): string | undefined {
  if (tag === 'a' && attribute === 'href') return value;
  if (tag === 'code' && attribute === 'class' && value.startsWith('language-')) return value.slice(9);
  if (tag === 'span' && attribute === 'class' && value.startsWith('tg-')) return value.slice(3);
  if (tag === 'tg-emoji' && attribute === 'emoji-id') return value;
  if (tag === 'blockquote' && attribute === 'expandable') return 'expandable';
  return undefined;
}

function closeTag(source: string, begin: number, text: string, open: OpenTag[], entities: Entity[]): number {
  const tag = open.at(-1);
  if (!tag) throw badEntities(`Unexpected end tag at byte offset ${byteOffset(source, begin)}`);
  let at = begin + 2;
  while (at < source.length && !isSpace(source[at]) && source[at] !== '>') at++;
  const found = source.slice(begin + 2, at);
  while (isSpace(source[at])) at++;
  if (source[at] !== '>') throw badEntities(`Unclosed end tag at byte offset ${byteOffset(source, begin)}`);
  if (found && found !== tag.name) {
    const where = byteOffset(source, begin);
    throw badEntities(`Unmatched end tag at byte offset ${where}, expected "</${tag.name}>", found "</${found}>"`);
  }
  open.pop();
  if (text.length > tag.start) addEntity(tag, text, entities);
  return at + 1;
}

function addEntity(tag: OpenTag, text: string, entities: Entity[]): void {
  const entity: Entity = { type: STYLES[tag.name] ?? 'bold', offset: tag.start, length: text.length - tag.start };
  const last = entities.at(-1);
  const wrapsLast = last && last.offset === entity.offset && last.length === entity.length;
  if (tag.name === 'a') {
    const url = tag.argument || text.slice(tag.start);
    if (!/^([a-z][a-z0-9+.-]*:|[^\s/]+\.[^\s/])/i.test(url)) return;
    entity.url = /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `http://${url}`;
  }
  if (tag.name === 'tg-emoji') entity.custom_emoji_id = tag.argument;
  if (tag.name === 'blockquote' && tag.argument) entity.type = 'expandable_blockquote';
  if (tag.name === 'code' && tag.argument) entity.language = tag.argument;
  if (tag.name === 'pre' && wrapsLast && last.type === 'code') {
    last.type = 'pre';
    return;
  }
  if (tag.name === 'code' && wrapsLast && last.type === 'pre') {
    if (tag.argument) last.language = tag.argument;
    return;
  }
  entities.push(entity);
}
