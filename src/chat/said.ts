// What people wrote, on its way into our texts. The texts take names and notes only as `Said`, and these two functions
// are the only makers of it, so that nobody can forget to make foreign words harmless.
import { type Rich, type Span, words } from './rich.ts';

declare const harmless: unique symbol;

/** Words of a person that can neither begin a line, link anywhere nor turn the reading direction. */
export type Said = Span & { readonly [harmless]: true };

const USERNAME = /^@[A-Za-z0-9_]{3,32}$/;
// What a chat program may turn into a link, a mention, a tag or a command.
const LINKABLE = /[./:@#]/;

/** A person's name. An honest @username stays one to tap on; what else could become a link is shown as code. */
export function nameOf(text: string): Said {
  const name = words(text) || '?';
  return said({ text: name, form: LINKABLE.test(name) && !USERNAME.test(name) ? 'code' : 'bold' });
}

/** A note or description, always shown as code, in which nothing is a link. Undefined when nothing readable is left. */
export function noteOf(text: string | null | undefined): Said | undefined {
  const note = words(text ?? '');
  return note ? said({ text: note, form: 'code' }) : undefined;
}

/** A line with a fixed label before a note, or nothing. */
export function labelled(label: string, note: Said | undefined): Rich {
  return note ? [{ text: `\n${label}: ` }, note] : [];
}

function said(span: Span): Said {
  return span as Said;
}
