// The shape of a command. A new one is one file that holds one of these and one line in the list of index.ts.
import type { Work } from '../../base/pressure.ts';
import type { Context, Given, Outcome } from '../context.ts';
import type { Language } from '../texts/index.ts';

export type Command = {
  /** Its word in English, and the first half of its buttons' data. */
  readonly name: string;
  /** Other words that mean it, by language; the first one stands in that language's menu. */
  readonly aliases: Readonly<Partial<Record<Language, readonly string[]>>>;
  /** Whether the channel's menu shows it, with the text of this name. */
  readonly inMenu: boolean;
  /** Shown and suggested only to these. What they may do is decided by the flow, from the database. */
  readonly role?: 'admin';
  /** Shows or changes what is one's own: never answered in a group. */
  readonly private: boolean;
  /** What may be left undone under pressure, and when. Absent: it is always done. */
  readonly work?: Work;
  /** Takes typed arguments apart. Absent: they are ignored. */
  readonly read?: (context: Context, args: string) => Given;
  /** Does it, or asks for what is missing. A wizard calls it again with one answer more. */
  readonly run: (context: Context, given: Given) => Promise<Outcome>;
  /** A button whose data is `name:argument` was pressed. */
  readonly press?: (context: Context, argument: string) => Promise<Outcome>;
};
