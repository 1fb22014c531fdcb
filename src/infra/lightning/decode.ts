// Reads a Lightning invoice (BOLT11) that a stranger wrote. The npm package `invoices` checks the checksum and recovers
// the payee; whatever it lets pass though the specification or LND would not, is refused here, above all a text that
// we and our node could read differently. Loads no LND client, so that the bots can use it.
import { parsePaymentRequest } from 'invoices';
import { Refusal } from '../../base/errors.ts';

/** The networks whose invoices we can name; a deployment serves exactly one. */
export type Network = 'bitcoin' | 'testnet' | 'signet' | 'regtest' | 'simnet';

declare const checked: unique symbol;

/** An invoice that passed every check. Only `decodeInvoice` makes one, and `pay` takes nothing else. */
export type DecodedInvoice = {
  readonly [checked]: true;
  readonly network: Network;
  /** The invoice itself, in lower case, without any prefix. */
  readonly request: string;
  /** Hex. */
  readonly paymentHash: string;
  /** The payee's public key, hex. */
  readonly destination: string;
  /** Undefined when the payer chooses. */
  readonly amountMsat: bigint | undefined;
  /** The payee's words, unchecked: escape before showing. */
  readonly description: string | undefined;
  /** Hex, in place of a description. */
  readonly descriptionHash: string | undefined;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** Blocks the payee wants between the last hop's time lock and now. */
  readonly minFinalCltv: number;
};

const NETWORK_OF_PREFIX: Readonly<Record<string, Network>> = {
  bc: 'bitcoin',
  tb: 'testnet',
  tbs: 'signet',
  bcrt: 'regtest',
  sb: 'simnet',
};
const LONGEST_INVOICE = 7_089;
const LONGEST_TEXT = 20_000;
const MOST_MSAT = 21_000_000n * 100_000_000n * 1_000n;
const CANDIDATE = /(?<![a-z0-9])ln(?:bcrt|bc|tbs|tb|sb)[a-z0-9]{20,}/gi;
// Soft hyphens, zero-width and direction marks, byte order marks: they travel along when text is copied.
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;

/**
 * Finds the invoice in whatever a person pasted: the bare text, a `lightning:` link, a `bitcoin:` link with
 * `lightning=`, in upper case, within a forwarded message, or broken over several lines.
 * @returns the invoice in lower case, not yet checked, or undefined when there is nothing like one. A damaged one is
 *   returned too, so that the person hears that it is damaged.
 */
export function findInvoice(text: string): string | undefined {
  const clean = text.slice(0, LONGEST_TEXT).replace(INVISIBLE, '');
  let damaged: string | undefined;
  for (const match of clean.matchAll(CANDIDATE)) {
    for (const candidate of joinedLines(clean, match.index, match[0])) {
      if (parses(candidate)) return candidate.toLowerCase();
    }
    damaged ??= match[0].toLowerCase();
  }
  return damaged;
}

/** The text found, then the same with each of the next lines' first words joined to it. */
function* joinedLines(text: string, start: number, found: string): Generator<string> {
  yield found;
  let joined = found;
  let rest = text.slice(start + found.length);
  for (let lines = 0; lines < 20; lines++) {
    const next = /^[ \t]*\r?\n[ \t]*([a-z0-9]+)/i.exec(rest);
    if (!next?.[1]) return;
    joined += next[1];
    rest = rest.slice(next[0].length);
    yield joined;
  }
}

function parses(request: string): boolean {
  try {
    parsePaymentRequest({ request });
    return request.length <= LONGEST_INVOICE;
  } catch {
    return false;
  }
}

/**
 * Reads and checks one invoice. Whether it has expired is the caller's to judge, by the house's clock.
 * @param raw the invoice, also in upper case or with a `lightning:` prefix.
 * @param network the one this deployment serves.
 * @throws Refusal `invoice_unreadable` or `invoice_wrong_network`; never anything else.
 */
export function decodeInvoice(raw: string, network: Network): DecodedInvoice {
  const request = raw.trim().replace(/^lightning:(\/\/)?/i, '');
  if (request.length > LONGEST_INVOICE) throw unreadable('too long');
  try {
    return check(request, network);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw unreadable('damaged');
  }
}

function check(request: string, network: Network): DecodedInvoice {
  const parsed = parsePaymentRequest({ request });
  const lower = request.toLowerCase();
  const prefix = readPrefix(lower);
  const tags = readTags(lower);
  if (prefix.network !== network) throw new Refusal('invoice_wrong_network', { network: prefix.network });
  if (parsed.network !== prefix.network) throw unreadable('network');
  if (BigInt(parsed.mtokens) !== (prefix.amountMsat ?? 0n)) throw unreadable('amount');
  if (!parsed.id || !parsed.payment) throw unreadable('payment hash or secret missing');
  if ((tags.description === undefined) === (tags.descriptionHash === undefined)) throw unreadable('description');
  if (tags.payee !== undefined && tags.payee !== parsed.destination) throw unreadable('payee');
  const createdAtMs = Date.parse(parsed.created_at);
  const invoice = Object.freeze({
    network,
    request: lower,
    paymentHash: parsed.id,
    destination: parsed.destination,
    amountMsat: prefix.amountMsat,
    description: tags.description,
    descriptionHash: tags.descriptionHash,
    createdAtMs,
    expiresAtMs: createdAtMs + tags.expirySeconds * 1_000,
    minFinalCltv: tags.minFinalCltv,
  } as DecodedInvoice);
  decoded.add(invoice);
  return invoice;
}

const decoded = new WeakSet<DecodedInvoice>();

/** Whether `decodeInvoice` made this very object: the type can be cast away, this cannot. */
export function isDecoded(invoice: DecodedInvoice): boolean {
  return decoded.has(invoice);
}

const MSAT_OF_UNIT: Readonly<Record<string, bigint>> = {
  '': 100_000_000_000n,
  m: 100_000_000n,
  u: 100_000n,
  n: 100n,
};

/** Network and amount from the part before the last `1`. The library rounds part-msat down and reads `tbs` as `tb`. */
function readPrefix(request: string): { network: Network; amountMsat: bigint | undefined } {
  const human = request.slice(0, request.lastIndexOf('1'));
  const match = /^ln(bcrt|bc|tbs|tb|sb)(?:([1-9]\d{0,17})([munp]?))?$/.exec(human);
  const network = NETWORK_OF_PREFIX[match?.[1] ?? ''];
  if (!match || !network) throw unreadable('amount or network');
  const [, , digits, unit = ''] = match;
  if (digits === undefined) return { network, amountMsat: undefined };
  // A `p` is a tenth of a millisatoshi.
  if (unit === 'p' && !digits.endsWith('0')) throw unreadable('part of a millisatoshi');
  const amountMsat = unit === 'p' ? BigInt(digits) / 10n : BigInt(digits) * (MSAT_OF_UNIT[unit] ?? 0n);
  if (amountMsat <= 0n || amountMsat > MOST_MSAT) throw unreadable('amount');
  return { network, amountMsat };
}

const LETTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const TIMESTAMP_WORDS = 7;
const SIGNATURE_WORDS = 104;
const CHECKSUM_WORDS = 6;
/** Fields of which LND reads the first and the library the last: two of them, and we would not pay what we looked at. */
const ONCE = ['p', 's', 'd', 'h', 'x', 'c', 'n', '9', 'm'];
/** Words that a field of fixed length has. LND skips one of another length, so that a second could stand for it. */
const FIXED_LENGTH: Readonly<Record<string, number>> = { p: 52, s: 52, h: 52, n: 53 };
/**
 * Features a payer may be required to know: variable onion, payment secret, several parts, metadata. Not blinded
 * routes and not AMP (30), under which the payment would run under another hash than the invoice's.
 */
const KNOWN_REQUIRED = [8, 14, 16, 48];

type Tags = {
  description: string | undefined;
  descriptionHash: string | undefined;
  payee: string | undefined;
  expirySeconds: number;
  minFinalCltv: number;
};

/** The tagged fields, read as LND reads them. The checksum was verified before. */
function readTags(request: string): Tags {
  const words = Array.from(request.slice(request.lastIndexOf('1') + 1), (letter) => LETTERS.indexOf(letter));
  const fields = splitFields(words.slice(TIMESTAMP_WORDS, -(SIGNATURE_WORDS + CHECKSUM_WORDS)));
  for (const required of ['p', 's']) if (!fields.has(required)) throw unreadable(`${required} missing`);
  for (const bit of requiredFeatures(fields.get('9') ?? [])) {
    if (!KNOWN_REQUIRED.includes(bit)) throw unreadable(`feature ${bit}`);
  }
  const hash = fields.get('h');
  const payee = fields.get('n');
  return {
    description: describe(fields.get('d')),
    descriptionHash: hash && bytesOf(hash).toString('hex'),
    payee: payee && bytesOf(payee).toString('hex'),
    expirySeconds: numberOf(fields.get('x'), 3_600, 1e11),
    minFinalCltv: numberOf(fields.get('c'), 18, 100_000),
  };
}

function splitFields(words: readonly number[]): Map<string, readonly number[]> {
  const fields = new Map<string, readonly number[]>();
  for (let at = 0; at < words.length; ) {
    const [tag, high, low] = words.slice(at, at + 3);
    if (tag === undefined || high === undefined || low === undefined) throw unreadable('cut off');
    const length = high * 32 + low;
    const field = words.slice(at + 3, at + 3 + length);
    if (field.length !== length) throw unreadable('cut off');
    const letter = LETTERS.charAt(tag);
    if (ONCE.includes(letter) && fields.has(letter)) throw unreadable(`${letter} twice`);
    if (length !== (FIXED_LENGTH[letter] ?? length)) throw unreadable(`${letter} of wrong length`);
    fields.set(letter, field);
    at += 3 + length;
  }
  return fields;
}

function describe(words: readonly number[] | undefined): string | undefined {
  if (!words) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytesOf(words));
  } catch {
    throw unreadable('description is not UTF-8');
  }
}

function requiredFeatures(words: readonly number[]): number[] {
  const bits: number[] = [];
  words.forEach((word, index) => {
    for (let bit = 0; bit < 5; bit++) {
      if (word & (1 << bit)) bits.push((words.length - 1 - index) * 5 + bit);
    }
  });
  return bits.filter((bit) => bit % 2 === 0);
}

function bytesOf(words: readonly number[]): Buffer {
  const bytes: number[] = [];
  let value = 0;
  let bits = 0;
  for (const word of words) {
    value = ((value << 5) | word) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  return Buffer.from(bytes);
}

function numberOf(words: readonly number[] | undefined, otherwise: number, most: number): number {
  if (!words) return otherwise;
  let value = 0;
  for (const word of words) {
    value = value * 32 + word;
    if (value > most) throw unreadable('number too large');
  }
  return value;
}

function unreadable(why: string): Refusal {
  return new Refusal('invoice_unreadable', { why });
}
