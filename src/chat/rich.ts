// Text with a little form, as values: channels turn it into HTML, plain words or WhatsApp's marks. What people wrote
// (names, memos) enters only through `words`, which takes away all that could imitate us: line breaks, invisible and
// direction-changing characters, and too much length.

export type Span = { readonly text: string; readonly form?: 'bold' | 'italic' | 'code' };
export type Rich = readonly Span[];

type Piece = string | Span | Rich;

/** Builds rich text from a template: strings go in as they are, spans and rich text keep their form. */
export function rich(parts: TemplateStringsArray, ...values: readonly Piece[]): Rich {
  const spans: Span[] = [];
  parts.forEach((part, at) => {
    if (part) spans.push({ text: part });
    const value = values[at];
    if (value === undefined) return;
    if (typeof value === 'string') {
      if (value) spans.push({ text: value });
    } else if ('text' in value) spans.push(value);
    else spans.push(...value);
  });
  return spans;
}

export const bold = (text: string): Span => ({ text, form: 'bold' });
export const italic = (text: string): Span => ({ text, form: 'italic' });
export const code = (text: string): Span => ({ text, form: 'code' });

const LONGEST_WORDS = 120;
// Control characters, line and paragraph separators, zero-width and bidirectional marks, and fillers that show nothing.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u2800]+/gu;

/** What a person wrote, made harmless for one line of ours. */
export function words(text: string): string {
  const clean = text.replace(UNSAFE, ' ').replace(/\s+/g, ' ').trim();
  const points = [...clean];
  return points.length > LONGEST_WORDS ? `${points.slice(0, LONGEST_WORDS - 1).join('')}…` : clean;
}

/** Telegram's HTML. Every character that could open a tag or an entity is escaped. */
export function toHtml(text: Rich): string {
  return text
    .map((span) => {
      const escaped = span.text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
      if (span.form === 'bold') return `<b>${escaped}</b>`;
      if (span.form === 'italic') return `<i>${escaped}</i>`;
      if (span.form === 'code') return `<code>${escaped}</code>`;
      return escaped;
    })
    .join('');
}

/** The same words without any form, for a face that has none. */
export function toPlain(text: Rich): string {
  return text.map((span) => span.text).join('');
}
