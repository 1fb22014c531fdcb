// Each source's parser against answers as they were recorded or documented, and what is made of a broken one.
import { describe, expect, it } from 'vitest';
import { CURRENCIES } from '../../src/domain/currencies.ts';
import { binance } from '../../src/infra/rates/binance.ts';
import { coinbase } from '../../src/infra/rates/coinbase.ts';
import { coingecko } from '../../src/infra/rates/coingecko.ts';
import { microOf, scaled } from '../../src/infra/rates/decimal.ts';
import { parseExact } from '../../src/infra/rates/fetch-json.ts';
import { frankfurter } from '../../src/infra/rates/frankfurter.ts';
import { openErApi } from '../../src/infra/rates/open-er-api.ts';
import type { Source } from '../../src/infra/rates/source.ts';

const NOW = Date.parse('2026-03-25T15:00:00Z');

async function ask(source: Source, answer: string) {
  const urls: string[] = [];
  const fetchJson = async (url: string) => {
    urls.push(url);
    return { body: parseExact(answer), dateMs: NOW - 1_000 };
  };
  const currencies = CURRENCIES.map(({ code }) => code);
  const quotes = await source(fetchJson, { baseUrl: 'http://source', currencies, nowMs: NOW });
  return { urls, quotes, micro: Object.fromEntries(quotes.map(({ pair, micro }) => [pair, micro])) };
}

describe('recorded answers', () => {
  it('coingecko: JSON numbers, seconds, missing keys left out', async () => {
    const answer =
      '{"bitcoin":{"usd":94011.12,"ngn":144302011,"zar":1.702311e6,"kes":null,"last_updated_at":1731234567}}';
    const { quotes, micro, urls } = await ask(coingecko, answer);
    expect(urls[0]).toMatch(/^http:\/\/source\/simple\/price\?ids=bitcoin&vs_currencies=usd,kes,.*precision=full$/);
    expect(micro).toEqual({
      'BTC/USD': 94_011_120_000n,
      'BTC/NGN': 144_302_011_000_000n,
      'BTC/ZAR': 1_702_311_000_000n,
    });
    expect(quotes[0]?.asOfMs).toBe(1_731_234_567_000);
    await expect(ask(coingecko, '{}')).rejects.toThrow();
  });

  it('binance: a string, marked as a stand-in', async () => {
    const { quotes, urls } = await ask(binance, '{"symbol":"BTCUSDT","price":"94000.00000000"}');
    expect(urls[0]).toContain('symbolStatus=TRADING');
    expect(quotes).toEqual([
      { source: 'binance', pair: 'BTC/USD', micro: 94_000_000_000n, asOfMs: NOW - 1_000, standIn: 'USDT' },
    ]);
    await expect(ask(binance, '{"code":-1121,"msg":"Invalid symbol."}')).rejects.toThrow();
  });

  it('coinbase: strings, fiat taken out of two bitcoin prices', async () => {
    const { micro } = await ask(
      coinbase,
      '{"data":{"currency":"BTC","rates":{"AED":"345000.12","KES":"12140000.51","UGX":"345600000","USD":"94011.115"}}}',
    );
    expect(micro).toEqual({ 'BTC/USD': 94_011_115_000n, 'USD/KES': 129_133_672n, 'USD/UGX': 3_676_161_058n });
    await expect(ask(coinbase, '{"errors":[{"id":"invalid_request","message":"x"}]}')).rejects.toThrow();
  });

  it('open.er-api: JSON numbers of one daily moment', async () => {
    const answer =
      '{"result":"success","time_last_update_unix":1731283352,"time_eol_unix":0,"base_code":"USD","rates":{"USD":1,"AED":3.6725,"KES":129.1,"TZS":2665.3,"UGX":3670.2}}';
    const { quotes, micro } = await ask(openErApi, answer);
    expect(micro).toEqual({ 'USD/KES': 129_100_000n, 'USD/TZS': 2_665_300_000n, 'USD/UGX': 3_670_200_000n });
    expect(quotes[0]?.asOfMs).toBe(1_731_283_352_000);
    await expect(ask(openErApi, '{"result":"error","error-type":"unsupported-code"}')).rejects.toThrow();
  });

  it('frankfurter: a date per row, bad rows left out', async () => {
    const answer =
      '[{"date":"2026-03-25","base":"USD","quote":"KES","rate":129.24},{"date":"2026-03-20","base":"USD","quote":"GHS","rate":12.4},' +
      '{"date":"soon","base":"USD","quote":"ZAR","rate":18},{"date":"2026-03-25","base":"USD","quote":"USD","rate":1}]';
    const { quotes } = await ask(frankfurter, answer);
    expect(quotes.map(({ pair, asOfMs }) => [pair, new Date(asOfMs).toISOString()])).toEqual([
      ['USD/KES', '2026-03-25T12:00:00.000Z'],
      ['USD/GHS', '2026-03-20T12:00:00.000Z'],
    ]);
    await expect(ask(frankfurter, '{"status":404,"message":"not found"}')).rejects.toThrow();
  });
});

describe('numbers', () => {
  it('keep every digit that was sent', () => {
    expect(parseExact('{"a":9007199254740993,"b":[0.1000000000000000055],"c":"1","d":1e3}')).toEqual({
      a: '9007199254740993',
      b: ['0.1000000000000000055'],
      c: '1',
      d: '1e3',
    });
  });

  it.each<[string, bigint | undefined]>([
    ['94011.115', 94_011_115_000n],
    ['1.5e-3', 1_500n],
    ['1E6', 1_000_000_000_000n],
    ['0.0000001', 0n],
    ['-3', -3_000_000n],
    ['', undefined],
    [' 1', undefined],
    ['0x10', undefined],
    ['12abc', undefined],
    ['1,000', undefined],
    ['NaN', undefined],
    ['1e999', undefined],
  ])('%j is %s millionths', (text, micro) => {
    expect(microOf(text)).toBe(micro);
  });

  it('scale to any number of places', () => {
    expect(scaled('0.000010638297872340', 18)).toBe(10_638_297_872_340n);
  });
});
