// The picture of a QR code: whatever is written into it is read out of it again, by a reader that is not ours.
import jsqr from 'jsqr';
import { expect, test } from 'vitest';
import { qrPicture } from '../../src/channels/telegram/qr.ts';
import { pixelsOf } from './support.ts';

// Its types describe a module of the other kind.
const readQr = jsqr as unknown as typeof jsqr.default;
const INVOICE = `LNBC10U1P${'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L'.repeat(9)}`;

test.each([
  ['an invoice in capitals', INVOICE],
  ['with a scheme before it', `LIGHTNING:${INVOICE}`],
  ['an invoice in small letters', INVOICE.toLowerCase()],
  ['a link with a name in it', 'https://t.me/satfleet_bot?start=r_Ünïcode'],
  ['digits', '0123456789012345'],
  ['one character', 'A'],
  ['as much as a code holds in small letters', 'a'.repeat(2_331)],
])('%s is read as it was written', (_name, text) => {
  const { width, height, rgba } = pixelsOf(qrPicture(text));
  expect(width).toBe(height);
  expect(readQr(rgba, width, height)?.data).toBe(text);
});

test('a text that no code can hold is an error, and no picture', () => {
  expect(() => qrPicture('a'.repeat(2_332))).toThrow();
});
