// A refusal in a person's words: its code chooses the sentence, its details fill in the amounts.
import type { Refusal } from '../base/errors.ts';
import { money, type View } from './format.ts';
import type { Rich } from './rich.ts';
import { textsIn } from './texts/index.ts';

/** What happened, whether the money is safe, and what to do next. */
export function refusalText({ code, details }: Refusal, view: View): Rich {
  const { neededMsat, availableMsat, leastMsat, mostMsat, most, contact } = details;
  return textsIn(view.language).refusals[code]({
    ...(neededMsat ? { needed: money(view, BigInt(neededMsat), 'up') } : {}),
    ...(availableMsat ? { available: money(view, BigInt(availableMsat), 'down') } : {}),
    ...(leastMsat ? { least: money(view, BigInt(leastMsat), 'up') } : {}),
    ...(mostMsat ? { most: money(view, BigInt(mostMsat), 'down') } : {}),
    ...(most ? { count: most } : {}),
    ...(contact ? { contact } : {}),
  });
}
