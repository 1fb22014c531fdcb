// A Telegram of a test's own with two bots, and the channel's registry pointed at it.

import { inflateSync } from 'node:zlib';
import { startTelegram, type Telegram, type TelegramOptions } from '../../sandbox/telegram/server.ts';
import { createBots } from '../../src/channels/telegram/registry.ts';

export const TOKENS = ['110001:AAFsatfleet-one-test-token-0123456789', '110002:AAFsatfleet-two-test-token-0123456789'];
export const SECRET = 'an application secret for tests, long enough';

export async function telegramWithBots(options: Partial<TelegramOptions> = {}): Promise<Telegram> {
  const bots = TOKENS.map((token, at) => ({ token, username: `satfleet${at + 1}_bot`, first_name: 'Satfleet' }));
  return startTelegram({ bots, limits: 'off', retryClock: 0.01, ...options });
}

export function botsAt(url: string) {
  return createBots({ TELEGRAM_BOTS: TOKENS, TELEGRAM_API_ROOT: url, APP_SECRET: SECRET });
}

type Pixels = { width: number; height: number; rgba: Uint8ClampedArray };

/** The pixels of a PNG with 8 bits a channel and alpha, not interlaced, as the QR library writes it. */
export function pixelsOf(png: Buffer): Pixels {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') {
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
    }
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  if (png[24] !== 8 || png[25] !== 6) throw new Error(`unexpected form of PNG: ${png[24]} bits, type ${png[25]}`);
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * 4;
  const rgba = new Uint8ClampedArray(stride * height);
  for (let row = 0; row < height; row++) {
    const filter = raw[row * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x < 4 ? 0 : (rgba[row * stride + x - 4] ?? 0);
      const up = row === 0 ? 0 : (rgba[(row - 1) * stride + x] ?? 0);
      const corner = row === 0 || x < 4 ? 0 : (rgba[(row - 1) * stride + x - 4] ?? 0);
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter ?? 0] ?? 0;
      rgba[row * stride + x] = ((raw[row * (stride + 1) + 1 + x] ?? 0) + guess) & 0xff;
    }
  }
  return { width, height, rgba };
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [left, up, corner].map((each) => Math.abs(guess - each)) as [number, number, number];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** What is remembered of someone about whom nothing matters. */
export const emptySession = {
  userId: '01900000-0000-7000-8000-000000000000',
  walletId: '1',
  language: 'en',
  currency: 'KES',
  zone: '0',
  role: 'person',
  chatRowId: '01900000-0000-7000-8000-000000000001',
  onboarded: true,
};
