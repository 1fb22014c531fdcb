// A number as LND writes it. BigInt alone would take an empty text for 0, "0x10" for 16 and a minus for a debt of the
// payee's; a record that says such a thing is not one we act on.

const MOST = 2n ** 63n - 1n;

/** A count or an amount: decimal digits and nothing else, as large as the database holds. Throws TypeError. */
export function wholeOf(text: string): bigint {
  const value = typeof text === 'string' && /^\d{1,19}$/.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value > MOST) throw new TypeError('LND wrote a number that is none');
  return value;
}
