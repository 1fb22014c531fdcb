// Finds what Telegram marks by itself in any text: commands, mentions, links, hashtags, mail addresses.
// What already lies inside code, a link or another mark is left alone.
import type { Entity } from '../wire.ts';

const PATTERNS: [type: string, pattern: RegExp][] = [
  [
    'url',
    /(?<![\w@])(?:https?:\/\/[^\s<>"]+|(?:[a-z0-9-]+\.)+(?:com|org|net|me|io|dev|app|ke|ng|za|gh|tz|ug)(?:\/[^\s<>"]*)?)(?<![.,;:!?)])/gi,
  ],
  ['email', /(?<![\w.@])[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g],
  ['bot_command', /(?<![\w/@<])\/[a-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/])/gi],
  ['mention', /(?<![\w@/.])@[a-z][a-z0-9_]{2,31}(?![\w@])/gi],
  ['hashtag', /(?<![\w#&])#[\p{L}\p{N}_]*[\p{L}_][\p{L}\p{N}_]*/gu],
];

const CLOSED = new Set([
  'code',
  'pre',
  'text_link',
  'text_mention',
  'url',
  'email',
  'mention',
  'bot_command',
  'hashtag',
]);

/** The entities given plus those found, in the order of the server: by offset, the longer one first. */
export function detectEntities(text: string, given: Entity[]): Entity[] {
  if (!/[/@#.]/.test(text)) return given.length > 1 ? sortEntities(given) : given;
  const all = [...given];
  for (const [type, pattern] of PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      const found: Entity = { type, offset: match.index, length: match[0].length };
      if (!all.some((other) => CLOSED.has(other.type) && overlaps(other, found))) all.push(found);
    }
  }
  return sortEntities(all);
}

function overlaps(one: Entity, other: Entity): boolean {
  return one.offset < other.offset + other.length && other.offset < one.offset + one.length;
}

function sortEntities(entities: Entity[]): Entity[] {
  return entities.toSorted((a, b) => a.offset - b.offset || b.length - a.length);
}
