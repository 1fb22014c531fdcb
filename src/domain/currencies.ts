// The currencies people think in, each one entry of one list: add a currency here and every part that shows, parses
// or fetches a rate knows it. What a person holds is always bitcoin; these are for display and for mobile money.

/** One currency of the list below, as every part of the product sees it. */
export type Currency = {
  code: string;
  name: string;
  /** Decimal places of the ISO 4217 minor unit: amounts are whole numbers of it. */
  minorDigits: number;
  /** Written before an amount. */
  symbol: string;
  /** How people say it, in lower case. A word that stands in several entries means no single currency. */
  words: readonly string[];
  /** The country's calling code, without plus: it gives a new person's first currency. */
  phonePrefix: string;
  /** IANA zone of the currency's country, a person's zone until they set another. */
  timeZone: string;
  /** What one US dollar may plausibly cost, in whole units. Wide, to hold for years; only to catch nonsense. */
  perUsd: { low: number; high: number };
};

const SHILLING = ['shilling', 'shillings', 'shilingi', 'sh', 'sh.', 'shs'] as const;
const KWACHA = ['kwacha', 'kwachas'] as const;

/** The ten. Order is the order of menus. */
export const CURRENCIES = [
  {
    code: 'KES',
    name: 'Kenyan shilling',
    minorDigits: 2,
    symbol: 'KSh',
    words: ['kes', 'ksh', 'ksh.', 'kshs', 'bob', ...SHILLING],
    phonePrefix: '254',
    timeZone: 'Africa/Nairobi',
    perUsd: { low: 60, high: 500 },
  },
  {
    code: 'TZS',
    name: 'Tanzanian shilling',
    minorDigits: 2,
    symbol: 'TSh',
    words: ['tzs', 'tsh', 'tsh.', 'tshs', ...SHILLING],
    phonePrefix: '255',
    timeZone: 'Africa/Dar_es_Salaam',
    perUsd: { low: 1_000, high: 10_000 },
  },
  {
    code: 'UGX',
    name: 'Ugandan shilling',
    minorDigits: 0,
    symbol: 'USh',
    words: ['ugx', 'ush', 'ush.', 'ushs', ...SHILLING],
    phonePrefix: '256',
    timeZone: 'Africa/Kampala',
    perUsd: { low: 1_500, high: 15_000 },
  },
  {
    code: 'NGN',
    name: 'Nigerian naira',
    minorDigits: 2,
    symbol: '₦',
    words: ['ngn', '₦', 'naira', 'nairas'],
    phonePrefix: '234',
    timeZone: 'Africa/Lagos',
    perUsd: { low: 400, high: 8_000 },
  },
  {
    code: 'ZAR',
    name: 'South African rand',
    minorDigits: 2,
    symbol: 'R',
    words: ['zar', 'r', 'rand', 'rands'],
    phonePrefix: '27',
    timeZone: 'Africa/Johannesburg',
    perUsd: { low: 8, high: 60 },
  },
  {
    code: 'GHS',
    name: 'Ghanaian cedi',
    minorDigits: 2,
    symbol: 'GH₵',
    words: ['ghs', 'gh₵', 'gh¢', '₵', 'cedi', 'cedis'],
    phonePrefix: '233',
    timeZone: 'Africa/Accra',
    perUsd: { low: 4, high: 60 },
  },
  {
    code: 'ETB',
    name: 'Ethiopian birr',
    minorDigits: 2,
    symbol: 'Br',
    words: ['etb', 'br', 'birr', 'birrs'],
    phonePrefix: '251',
    timeZone: 'Africa/Addis_Ababa',
    perUsd: { low: 50, high: 600 },
  },
  {
    code: 'MWK',
    name: 'Malawian kwacha',
    minorDigits: 2,
    symbol: 'MK',
    words: ['mwk', 'mk', ...KWACHA],
    phonePrefix: '265',
    timeZone: 'Africa/Blantyre',
    perUsd: { low: 600, high: 8_000 },
  },
  {
    code: 'ZMW',
    name: 'Zambian kwacha',
    minorDigits: 2,
    symbol: 'ZK',
    words: ['zmw', 'zk', ...KWACHA],
    phonePrefix: '260',
    timeZone: 'Africa/Lusaka',
    perUsd: { low: 8, high: 100 },
  },
  {
    code: 'BWP',
    name: 'Botswana pula',
    minorDigits: 2,
    symbol: 'P',
    words: ['bwp', 'p', 'pula'],
    phonePrefix: '267',
    timeZone: 'Africa/Gaborone',
    perUsd: { low: 5, high: 50 },
  },
] as const satisfies readonly Currency[];

/** One of the ten. */
export type CurrencyCode = (typeof CURRENCIES)[number]['code'];

/** What an amount may be spoken and shown in besides sats: the ten, and the dollar that their rates are made of. */
export type FiatCode = CurrencyCode | 'USD';

/** What a bitcoin may plausibly cost in whole dollars, and the dollar's own way of being written. */
export const USD = {
  code: 'USD',
  name: 'US dollar',
  minorDigits: 2,
  symbol: '$',
  words: ['usd', '$', 'dollar', 'dollars'],
  perBtc: { low: 5_000, high: 5_000_000 },
} as const;

/** Bitcoin as the ledger counts it: in millisatoshi, eleven places below one BTC. */
export const BTC = {
  code: 'BTC',
  name: 'bitcoin',
  minorDigits: 11,
  symbol: '₿',
  words: ['btc', '₿', 'bitcoin'],
} as const;

export const MSAT_PER_BTC = 100_000_000_000n;

const byCode: ReadonlyMap<string, Currency> = new Map(CURRENCIES.map((currency) => [currency.code, currency]));

/** Whether the text is the code of one of the ten, in capitals. */
export function isCurrencyCode(text: string): text is CurrencyCode {
  return byCode.has(text);
}

/** The entry of one of the ten. */
export function currencyOf(code: CurrencyCode): Currency {
  const currency = byCode.get(code);
  if (!currency) throw new Error('a currency code outside the list');
  return currency;
}

/** Decimal places of the minor unit: UGX 0, all others 2. */
export function minorDigitsOf(code: FiatCode): number {
  return code === 'USD' ? USD.minorDigits : currencyOf(code).minorDigits;
}

/** What is written before an amount of it. */
export function symbolOf(code: FiatCode): string {
  return code === 'USD' ? USD.symbol : currencyOf(code).symbol;
}

/**
 * The currencies a word may mean, in any case: "bob" is KES alone, "shilingi" is KES, TZS or UGX, and the caller asks
 * or takes the person's own if it is among them. None for a word that names no currency.
 */
export function currenciesSaid(word: string): FiatCode[] {
  const said = word.toLowerCase();
  const found: FiatCode[] = CURRENCIES.filter(({ words }) => (words as readonly string[]).includes(said)).map(
    ({ code }) => code,
  );
  return (USD.words as readonly string[]).includes(said) ? [...found, 'USD'] : found;
}

/** The currency of the country a phone number (digits with country code, with or without plus) belongs to. */
export function currencyOfPhone(phone: string): CurrencyCode | undefined {
  const digits = phone.replace(/^\+/, '');
  return CURRENCIES.find(({ phonePrefix }) => digits.startsWith(phonePrefix))?.code;
}
