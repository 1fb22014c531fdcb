// What a message says: a command with its arguments, an invoice somewhere in it, a person, an amount and the note that
// is left. Pure; it decides nothing and knows no money rule.
import { readAmount } from './amount.ts';

/** A BOLT11 invoice of any network anywhere in a text; reading it is the flow's business. */
const INVOICE = /(?:lightning:)?\b(ln(?:bcrt|tbs|tb|bc|sb)\d*[munp]?1[0-9a-z]{50,})/i;
const COMMAND = /^\/([A-Za-z]+)(?:@([A-Za-z0-9_]+))?(?:\s+|$)/;
const MENTION = /^@([A-Za-z][A-Za-z0-9_]{3,31})[,.:;]?$/;
const USERNAME = /^@?([A-Za-z][A-Za-z0-9_]{3,31})$/;
/** Small words before a name or a note, in both languages. */
const TO = new Set(['to', 'kwa', 'from']);
const MOST_AMOUNT_WORDS = 5;

/** Whether some Lightning invoice stands in the text. */
export function looksLikeInvoice(text: string): boolean {
  return INVOICE.test(text);
}

/** The invoice that stands in a text, without what surrounds it, and the words around it. */
export function findInvoice(text: string): { invoice: string; rest: string } | undefined {
  const match = INVOICE.exec(text);
  const invoice = match?.[1];
  if (!match || !invoice) return undefined;
  const rest = `${text.slice(0, match.index)} ${text.slice(match.index + match[0].length)}`;
  return { invoice, rest: rest.replace(/\s+/g, ' ').trim() };
}

export type Slash = { readonly word: string; readonly bot?: string; readonly args: string };

/** `/word@bot arguments`. */
export function readSlash(text: string): Slash | undefined {
  const match = COMMAND.exec(text);
  if (!match?.[1]) return undefined;
  const args = text.slice(match[0].length).trim();
  return { word: match[1].toLowerCase(), args, ...(match[2] ? { bot: match[2] } : {}) };
}

/** The first word in lower case, without an exclamation mark or the like, and the rest. */
export function readPlain(text: string): { word: string; args: string } {
  const [first = '', ...rest] = text.trim().split(/\s+/);
  return { word: first.toLowerCase().replace(/[.!?,]+$/, ''), args: rest.join(' ') };
}

/** A username as someone types it alone, with or without the at-sign. */
export function readUsername(text: string): string | undefined {
  return USERNAME.exec(text.trim())?.[1];
}

/** Whether this is one of the small words before a name. */
export function isBeforeName(word: string | undefined): boolean {
  return TO.has(word?.toLowerCase() ?? '');
}

export type Parts = { readonly amount?: string; readonly username?: string; readonly note?: string };

/** Takes `500 sats @baraka for lunch`, in either order, apart. */
export function splitParts(args: string, own: string): Parts {
  const tokens = args.split(/\s+/).filter(Boolean);
  const at = tokens.findIndex((token) => MENTION.test(token));
  const username = at < 0 ? undefined : MENTION.exec(tokens[at] ?? '')?.[1];
  const before = at < 0 ? tokens : tokens.slice(0, isBeforeName(tokens[at - 1]) ? at - 1 : at);
  const after = at < 0 ? [] : tokens.slice(at + 1);
  const front = splitAmount(before.join(' '), own);
  const back = front.amount === undefined ? splitAmount(after.join(' '), own) : { note: after.join(' ') };
  const amount = front.amount ?? back.amount;
  const note = [front.note, back.note].filter(Boolean).join(' ');
  return { ...(amount ? { amount } : {}), ...(username ? { username } : {}), ...(note ? { note } : {}) };
}

/**
 * The amount at the start of a text and the note that is left. What stands where an amount belongs and has a digit or a
 * sign is given as the amount even if it cannot be read, so that it is refused in words and not taken for a note.
 */
export function splitAmount(text: string, own: string): { readonly amount?: string; readonly note?: string } {
  const tokens = text.split(/\s+/).filter(Boolean);
  const length = amountLength(tokens, own);
  const amount = tokens.slice(0, length).join(' ');
  const note = tokens.slice(length).join(' ');
  return { ...(amount ? { amount } : {}), ...(note ? { note } : {}) };
}

/** How many words at the start are an amount: as many as make sense together. */
function amountLength(tokens: readonly string[], own: string): number {
  for (let count = Math.min(MOST_AMOUNT_WORDS, tokens.length); count > 0; count -= 1) {
    // "500 r us": a letter that stands apart belongs to the note.
    if (count > 1 && /^[a-z]$/i.test(tokens[count - 1] ?? '') && tokens.length > count) continue;
    const reading = readAmount(tokens.slice(0, count).join(' '), own);
    // "all the best" is a note: "all" counts only where it stands alone.
    if (reading.kind === 'sure' && reading.amount.kind === 'all' && tokens.length > 1) continue;
    if (reading.kind !== 'refused' || reading.trouble !== 'unreadable') return count;
  }
  return /^[\d\p{N}.,+\-$₿₦₵¢]/u.test(tokens[0] ?? '') ? 1 : 0;
}
