// /rate: what bitcoin is worth in a currency, or what an amount is worth in the other unit. Every number comes with the
// age of each leg of its rate; a stale rate is said and not shown.

import { Refusal } from '../../base/errors.ts';
import { type CurrencyCode, currencyOf, isCurrencyCode } from '../../domain/currencies.ts';
import { type DisplayRate, minorFromMsat } from '../../domain/fx.ts';
import { MSAT_PER_BTC, satToMsat } from '../../domain/money.ts';
import { currencySaid, readAmount } from '../amount.ts';
import { amountOf, inSats } from '../asking-amount.ts';
import { type Context, type Given, rateOf, say } from '../context.ts';
import { fiat, sats } from '../format.ts';
import { bold, type Rich, rich } from '../rich.ts';
import type { Command } from './command.ts';

const EXAMPLE_MSAT = satToMsat(1_000n);

export const rate: Command = {
  name: 'rate',
  aliases: { en: ['price'], sw: ['bei', 'kiwango'] },
  inMenu: true,
  private: false,
  work: 'prices',
  read: ({ session }, args) => readRate(args, session.currency),
  async run(context, given) {
    const { texts, session } = context;
    const spoken = given.amount === undefined ? undefined : readAmount(given.amount, session.currency);
    const fiatSpoken = spoken?.kind === 'sure' && spoken.amount.kind === 'fiat' ? spoken.amount : undefined;
    const currency = fiatSpoken?.currency ?? given.currency ?? session.currency;
    if (!isCurrencyCode(currency)) throw new Refusal('currency_unknown');
    const answer = given.amount === undefined ? undefined : await amountOf(context, 'rate', given);
    if (answer && 'outcome' in answer) return answer.outcome;
    const present = await rateOf(context, currency);
    if (!present) return say(context, { text: texts.rate.none(currency) });
    if (present.stale) return say(context, { text: texts.rate.stale(currency) });
    const text =
      answer === undefined
        ? await overview(context, present, currency)
        : texts.rate.converted(
            rich`${bold(sats(answer.amountMsat, 'down'))}`,
            rich`${bold(fiatSpoken ? fiat(fiatSpoken.minor, currency) : worth(answer.amountMsat, present, currency))}`,
          );
    return say(context, { text: rich`${text}${ages(context, present)}` });
  },
};

/** `500 sats tzs`, `KES 200`, `tzs`, `500`. */
function readRate(args: string, own: string): Given {
  const text = args.trim();
  if (text === '') return {};
  const alone = currencySaid(text, own);
  if (alone) return { currency: alone };
  const cut = text.lastIndexOf(' ');
  const last = cut < 0 ? undefined : currencySaid(text.slice(cut + 1), own);
  const whole = readAmount(text, own);
  if (last && whole.kind === 'refused') return { amount: text.slice(0, cut), currency: last };
  if (whole.kind === 'refused' && !/\d/.test(text)) throw new Refusal('currency_unknown');
  return { amount: text };
}

async function overview(context: Context, present: DisplayRate, currency: CurrencyCode): Promise<Rich> {
  const unit = 10n ** BigInt(currencyOf(currency).minorDigits);
  const hundred = 100n * unit;
  const worthSat = await inSats(context, hundred, currency);
  return context.texts.rate.show({
    bitcoin: worth(MSAT_PER_BTC, present, currency),
    sats: sats(EXAMPLE_MSAT, 'down'),
    local: worth(EXAMPLE_MSAT, present, currency),
    localInSats: `${fiat(hundred, currency)} = ${sats(worthSat, 'down')}`,
  });
}

function worth(amountMsat: bigint, { microPerBtc }: DisplayRate, currency: CurrencyCode): string {
  return fiat(minorFromMsat(amountMsat, microPerBtc, currency, 'down'), currency);
}

function ages({ texts }: Context, present: DisplayRate): Rich {
  const fiatAge = present.fiatAgeMs > 0 ? texts.age(present.fiatAgeMs) : undefined;
  return texts.rate.ages(texts.age(present.btcAgeMs), fiatAge, present.sources.join(', '));
}
