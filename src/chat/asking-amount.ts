// From an amount as typed to whole sats, asking as long as it is not clear. An amount in a currency is converted at the
// rate that is shown, rounded down to whole sats but at least one; without a fresh rate it is refused, never guessed.
import { Refusal } from '../base/errors.ts';
import type { FiatCode } from '../domain/currencies.ts';
import { msatFromMinor } from '../domain/fx.ts';
import { SMALLEST_MSAT } from '../domain/limits.ts';
import { floorSat, satToMsat } from '../domain/money.ts';
import { balance } from '../flows/wallets.ts';
import { type AmountTrouble, readAmount } from './amount.ts';
import { ask, type Context, type Given, type Outcome, rateOf } from './context.ts';
import { type Rich, rich } from './rich.ts';

type Asker = 'send' | 'request' | 'pay' | 'receive' | 'rate';

export type AmountAnswer = { readonly amountMsat: bigint } | { readonly outcome: Outcome };

/**
 * The amount under `given.amount`, or the outcome that asks for it.
 * @param options.all whether "all" may be said: everything that is available.
 * @throws Refusal rate_stale, balance_low. Unavailable.
 */
export async function amountOf(
  context: Context,
  command: Asker,
  given: Given,
  options: { all?: boolean } = {},
): Promise<AmountAnswer> {
  const { texts, session } = context;
  const { amount: typed, ...rest } = given;
  const again = (text: Rich, meanings: readonly string[] = []): AmountAnswer => {
    const buttons = meanings.map((meaning) => [{ label: meaning, data: `say:${meaning}` }]);
    const question = { command, given: rest, asked: 'amount', text };
    return { outcome: ask(context, meanings.length ? { ...question, buttons } : question) };
  };
  const refused = (trouble: AmountTrouble) =>
    again(rich`${texts.amount.trouble[trouble]()} ${texts.amount.ask[command]()}`);
  if (typed === undefined) return again(texts.amount.ask[command]());
  const reading = readAmount(typed, session.currency);
  if (reading.kind === 'refused') return refused(reading.trouble);
  if (reading.kind === 'unsure') {
    const { meanings } = reading;
    return again(meanings.length > 1 ? texts.amount.which() : texts.amount.check(), meanings);
  }
  const { amount } = reading;
  if (amount.kind === 'bitcoin') return { amountMsat: amount.amountMsat };
  if (amount.kind === 'fiat') return { amountMsat: await inSats(context, amount.minor, amount.currency) };
  return options.all ? { amountMsat: await allOf(context) } : refused('unreadable');
}

/** Whole sats for an amount of a currency, at the rate that is shown. Throws Refusal rate_stale. */
export async function inSats(context: Context, minor: bigint, currency: FiatCode): Promise<bigint> {
  const rate = await rateOf(context, currency);
  if (!rate || rate.stale) throw new Refusal('rate_stale');
  const sat = floorSat(msatFromMinor(minor, rate.microPerBtc, currency, 'down'));
  return sat > 0n ? satToMsat(sat) : SMALLEST_MSAT;
}

async function allOf(context: Context): Promise<bigint> {
  const { availableMsat } = await balance(context.world, context.session.walletId);
  const amountMsat = satToMsat(floorSat(availableMsat));
  if (amountMsat > 0n) return amountMsat;
  throw new Refusal('balance_low', { neededMsat: String(SMALLEST_MSAT), availableMsat: String(availableMsat) });
}
