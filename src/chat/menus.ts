// What a channel shows around the conversation, in every language: what this is, before anything is said, and the list
// of commands beside the text box.
import { COMMANDS, wordIn } from './commands/index.ts';
import type { Texts } from './texts/en.ts';
import { LANGUAGE_CODES, textsIn } from './texts/index.ts';

export type Menu = {
  /** Undefined: for everyone whose language has none of its own. */
  readonly language: string | undefined;
  /** For who has not begun yet, long and short. */
  readonly about: Texts['about'];
  readonly commands: readonly { readonly command: string; readonly description: string }[];
};

export const MENUS: readonly Menu[] = [undefined, ...LANGUAGE_CODES.filter((code) => code !== 'en')].map(menuIn);

function menuIn(language: string | undefined): Menu {
  const descriptions: Readonly<Record<string, string>> = textsIn(language).menu satisfies Texts['menu'];
  return {
    language,
    about: textsIn(language).about,
    commands: COMMANDS.filter(({ inMenu }) => inMenu).map((command) => ({
      command: wordIn(command, language ?? 'en'),
      description: descriptions[command.name] ?? command.name,
    })),
  };
}
