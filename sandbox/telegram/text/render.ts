// Text and entities as safe HTML for a page that shows a chat. Everything is escaped; the only elements are the ones
// written here, and links are limited to web addresses.
import type { Entity } from '../wire.ts';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

const TAGS: Record<string, string> = {
  bold: 'b',
  italic: 'i',
  underline: 'u',
  strikethrough: 's',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
  expandable_blockquote: 'blockquote',
};

/** One string of HTML; newlines stay newlines (show it with white-space: pre-wrap). */
export function renderHtml(text: string, entities: Entity[] = []): string {
  const ends: { at: number; tag: string }[] = [];
  let html = '';
  let at = 0;
  const closeUpTo = (limit: number) => {
    for (let last = ends.at(-1); last && last.at <= limit; last = ends.at(-1)) {
      html += `${escapeHtml(text.slice(at, last.at))}</${last.tag}>`;
      at = last.at;
      ends.pop();
    }
  };
  for (const entity of entities.toSorted((a, b) => a.offset - b.offset || b.length - a.length)) {
    closeUpTo(entity.offset);
    html += escapeHtml(text.slice(at, entity.offset));
    at = entity.offset;
    // An entity that reaches out of its parent is cut at the parent's end, so that the elements always nest.
    const end = Math.min(entity.offset + entity.length, ends.at(-1)?.at ?? text.length);
    const inner = text.slice(entity.offset, end);
    const [tag, opening] = element(entity, inner);
    html += opening;
    ends.push({ at: end, tag });
  }
  closeUpTo(text.length);
  return html + escapeHtml(text.slice(at));
}

function element(entity: Entity, inner: string): [tag: string, opening: string] {
  const tag = TAGS[entity.type];
  if (tag) return [tag, `<${tag}>`];
  if (entity.type === 'text_link' || entity.type === 'url') {
    const url = entity.url ?? (/^https?:/i.test(inner) ? inner : `http://${inner}`);
    const safe = /^(https?|tg|lightning|bitcoin):/i.test(url) ? url : '#';
    return ['a', `<a href="${escapeHtml(safe)}" target="_blank" rel="noopener noreferrer">`];
  }
  return ['span', `<span class="${escapeHtml(entity.type)}">`];
}
