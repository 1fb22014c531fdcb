// Writes invoices that no honest wallet would: any tagged fields in any order, any prefix, signed with a key that has
// no other use, and optionally with another recovery flag. For the tests of the decoder.
import { createECDH, createHash } from 'node:crypto';
import { bech32 } from 'bech32';
import { signRecoverable } from 'tiny-secp256k1';

const LETTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const KEY = Buffer.alloc(32, 7);

/** The payee of every forged invoice. */
export const FORGED_PAYEE = (() => {
  const ecdh = createECDH('secp256k1');
  ecdh.setPrivateKey(KEY);
  return ecdh.getPublicKey('hex', 'compressed');
})();

export type Field = { tag: string; words: number[] };

/** A field of bytes, as for p, s, d, h, n, m. */
export function bytesField(tag: string, bytes: Buffer | string): Field {
  return { tag, words: bech32.toWords(Buffer.from(bytes)) };
}

/** A field that holds a number, as for x and c. */
export function numberField(tag: string, value: number): Field {
  const words: number[] = [];
  for (let left = value; left > 0; left = Math.floor(left / 32)) words.unshift(left % 32);
  return { tag, words };
}

/** The field 9 with these bits set. */
export function featureField(...bits: number[]): Field {
  const words = new Array<number>(Math.floor(Math.max(...bits) / 5) + 1).fill(0);
  for (const bit of bits) {
    const at = words.length - 1 - Math.floor(bit / 5);
    words[at] = (words[at] ?? 0) | (1 << (bit % 5));
  }
  return { tag: '9', words };
}

export const HASH = bytesField('p', Buffer.alloc(32, 1));
export const SECRET = bytesField('s', Buffer.alloc(32, 2));
export const MEMO = bytesField('d', 'tea');
export const FEATURES = featureField(8, 14, 17);
export const USUAL: readonly Field[] = [HASH, SECRET, MEMO, FEATURES];

/** Signs an invoice of these fields. `prefix` is all before the last 1, such as `lnbc10u`. */
export function forge(fields: readonly Field[], prefix = 'lnbc10u', options: { flipRecovery?: boolean } = {}): string {
  const words = [...timestampWords(1_700_000_000)];
  for (const { tag, words: data } of fields) {
    words.push(LETTERS.indexOf(tag), data.length >> 5, data.length & 31, ...data);
  }
  const message = Buffer.concat([Buffer.from(prefix), toBytesPadded(words)]);
  const digest = createHash('sha256').update(message).digest();
  const { signature, recoveryId } = signRecoverable(digest, KEY);
  const flag = options.flipRecovery ? recoveryId ^ 1 : recoveryId;
  const signed = [...words, ...bech32.toWords(Buffer.concat([Buffer.from(signature), Buffer.from([flag])]))];
  return bech32.encode(prefix, signed, 20_000);
}

function timestampWords(seconds: number): number[] {
  return Array.from({ length: 7 }, (_, index) => Math.floor(seconds / 32 ** (6 - index)) % 32);
}

function toBytesPadded(words: readonly number[]): Buffer {
  const bits = words.map((word) => word.toString(2).padStart(5, '0')).join('');
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  return Buffer.from((padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
