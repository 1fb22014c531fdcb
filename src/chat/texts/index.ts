// The languages, each one entry here and one file beside it. English answers where a language is not known.
import { en, type Texts } from './en.ts';
import { sw } from './sw.ts';

const LANGUAGES = { en, sw } as const satisfies Record<string, Texts>;

export type Language = keyof typeof LANGUAGES;

export const LANGUAGE_CODES = Object.keys(LANGUAGES) as readonly Language[];

/** The language of ours that a code ("sw", "sw-KE") means. */
export function languageOf(code: string | undefined): Language {
  const short = (code ?? '').slice(0, 2).toLowerCase();
  return LANGUAGE_CODES.find((each) => each === short) ?? 'en';
}

/** All texts of a language. */
export function textsIn(code: string | undefined): Texts {
  return LANGUAGES[languageOf(code)];
}
