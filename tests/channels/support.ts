// A Telegram of a test's own with two bots, and the channel's registry pointed at it.
import { crc32, inflateSync } from 'node:zlib';
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

/** The pixels of a PNG with one grey bit a pixel, not interlaced, whose rows stand alone or follow from the one above. */
export function pixelsOf(png: Buffer): Pixels {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const [length, end] = [png.readUInt32BE(at), at + 8 + png.readUInt32BE(at)];
    if (crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end)) throw new Error('a part of the PNG is broken');
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length));
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  if (png[24] !== 1 || png[25] !== 0) throw new Error(`unexpected form of PNG: ${png[24]} bits, type ${png[25]}`);
  const raw = inflateSync(Buffer.concat(parts));
  const stride = Math.ceil(width / 8);
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  let above = Buffer.alloc(stride);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)];
    if (filter !== 0 && filter !== 2) throw new Error(`unexpected filter ${filter}`);
    const stored = raw.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1));
    const row = filter === 0 ? stored : stored.map((byte, at) => byte + (above[at] ?? 0));
    for (let x = 0; x < width; x++) {
      const isWhite = ((row[x >> 3] ?? 0) >> (7 - (x & 7))) & 1;
      if (!isWhite) rgba.fill(0, 4 * (y * width + x), 4 * (y * width + x) + 3);
    }
    above = Buffer.from(row);
  }
  return { width, height, rgba };
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
