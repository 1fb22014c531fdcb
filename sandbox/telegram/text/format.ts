// From the parameters of a call to the text that is stored: parse mode or given entities, the limits after parsing, the
// marks that Telegram finds itself. Throws the server's own refusals.
import { badRequest } from '../errors.ts';
import type { Params } from '../params.ts';
import type { Entity } from '../wire.ts';
import { detectEntities } from './detect.ts';
import type { Formatted } from './formatted.ts';
import { parseHtml } from './html.ts';
import { parseMarkdown, parseMarkdownV2 } from './markdown.ts';

const RAW_LIMIT_BYTES = 32_768;
export const TEXT_LIMIT = 4096;
export const CAPTION_LIMIT = 1024;

const TYPES = new Set(
  `bold italic underline strikethrough spoiler code pre text_link text_mention custom_emoji blockquote
  expandable_blockquote mention hashtag cashtag bot_command url email phone_number`.split(/\s+/),
);

/** The `text` of a message; empty, too long or badly marked is refused. */
export function readText(params: Params): Formatted {
  const raw = params.string('text');
  if (!raw) throw badRequest('message text is empty');
  const formatted = format(raw, params.string('parse_mode'), params.json('entities'));
  if (!formatted.text) throw badRequest('text must be non-empty');
  if (formatted.text.length > TEXT_LIMIT) throw badRequest('message is too long');
  return formatted;
}

/** The `caption` of a photo or document; may be empty. */
export function readCaption(params: Params): Formatted {
  const raw = params.string('caption');
  if (!raw) return { text: '', entities: [] };
  const formatted = format(raw, params.string('parse_mode'), params.json('caption_entities'));
  if (formatted.text.length > CAPTION_LIMIT) throw badRequest('message caption is too long');
  return formatted;
}

/** Text as Telegram keeps it. `entities` count only when there is no parse mode. */
export function format(raw: string, parseMode: string | undefined, entities: unknown): Formatted {
  if (raw.length * 3 > RAW_LIMIT_BYTES && Buffer.byteLength(raw) > RAW_LIMIT_BYTES)
    throw badRequest('text is too long');
  const parsed = parse(raw, parseMode, entities);
  const trimmed = trim(parsed);
  return { text: trimmed.text, entities: detectEntities(trimmed.text, trimmed.entities) };
}

function parse(raw: string, parseMode: string | undefined, entities: unknown): Formatted {
  if (!parseMode || parseMode.toLowerCase() === 'none') return { text: raw, entities: readEntities(entities, raw) };
  switch (parseMode.toLowerCase()) {
    case 'html':
      return parseHtml(raw);
    case 'markdownv2':
      return parseMarkdownV2(raw);
    case 'markdown':
      return parseMarkdown(raw);
    default:
      throw badRequest('unsupported parse_mode');
  }
}

function readEntities(given: unknown, text: string): Entity[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) throw badRequest("can't parse entities: expected an Array of MessageEntity");
  return given.map((entity: Entity) => {
    if (typeof entity !== 'object' || !entity) throw badRequest("can't parse MessageEntity: expected an Object");
    if (!TYPES.has(entity.type)) throw badRequest("can't parse MessageEntity: Unsupported type specified");
    const end = entity.offset + entity.length;
    if (!(entity.offset >= 0)) throw badRequest(`receive an entity with incorrect offset ${entity.offset}`);
    if (!(entity.length >= 0)) throw badRequest(`receive an entity with incorrect length ${entity.length}`);
    if (entity.offset > text.length) {
      throw badRequest(`entity begins after the end of the text at UTF-16 offset ${entity.offset}`);
    }
    if (end > text.length) {
      const place = `entity beginning at UTF-16 offset ${entity.offset}`;
      throw badRequest(`${place} ends after the end of the text at UTF-16 offset ${end}`);
    }
    return entity;
  });
}

function trim({ text, entities }: Formatted): Formatted {
  const cut = text.trimEnd();
  const firstMark = entities.reduce((least, entity) => Math.min(least, entity.offset), cut.length);
  const lead = Math.min(cut.length - cut.trimStart().length, firstMark);
  if (lead === 0 && cut.length === text.length) return { text, entities };
  const kept = cut.slice(lead);
  const moved: Entity[] = [];
  for (const entity of entities) {
    const offset = entity.offset - lead;
    const length = Math.min(entity.length, kept.length - offset);
    if (length > 0) moved.push({ ...entity, offset, length });
  }
  return { text: kept, entities: moved };
}
