// The list of commands that a channel shows beside its text box, in every language.
import { COMMANDS, wordIn } from './commands/index.ts';
import type { Texts } from './texts/en.ts';
import { LANGUAGE_CODES, textsIn } from './texts/index.ts';

export type Menu = {
  /** Undefined: for everyone whose language has no menu of its own. */
  readonly language: string | undefined;
  readonly commands: readonly { readonly command: string; readonly description: string }[];
};

export const MENUS: readonly Menu[] = [undefined, ...LANGUAGE_CODES.filter((code) => code !== 'en')].map(menuIn);

function menuIn(language: string | undefined): Menu {
  const descriptions: Readonly<Record<string, string>> = textsIn(language).menu satisfies Texts['menu'];
  return {
    language,
    commands: COMMANDS.filter(({ inMenu }) => inMenu).map((command) => ({
      command: wordIn(command, language ?? 'en'),
      description: descriptions[command.name] ?? command.name,
    })),
  };
}
