// Every command, in the order of the menus. A new one is one file here and one line in this list.
import type { Metrics } from '../../base/metrics.ts';
import { languageOf } from '../texts/index.ts';
import { failed, queues, refund, retryfailed } from './admin.ts';
import { freeze, unfreeze, user } from './admin-people.ts';
import { pause, resume } from './admin-rails.ts';
import { admins, audit } from './admin-roles.ts';
import { stats } from './admin-stats.ts';
import { balance } from './balance.ts';
import { broadcast } from './broadcast.ts';
import { cancel } from './cancel.ts';
import type { Command } from './command.ts';
import { confirm, drop } from './confirm.ts';
import { help } from './help.ts';
import { history } from './history.ts';
import { incidents } from './incidents.ts';
import { pay } from './pay.ts';
import { pin } from './pin.ts';
import { rate } from './rate.ts';
import { receive } from './receive.ts';
import { request } from './request.ts';
import { send } from './send.ts';
import { settings } from './settings.ts';
import { start } from './start.ts';
import { sweepto } from './sweepto.ts';
import { sending, why } from './watch.ts';
import { web } from './web.ts';

export const COMMANDS: readonly Command[] = [
  balance,
  receive,
  pay,
  send,
  request,
  history,
  rate,
  settings,
  help,
  cancel,
  start,
  sweepto,
  stats,
  queues,
  failed,
  retryfailed,
  user,
  freeze,
  unfreeze,
  pause,
  resume,
  admins,
  audit,
  broadcast,
  pin,
  sending,
  why,
  incidents,
  web,
  refund,
  confirm,
  drop,
];

/** Only by a button: never typed, never suggested. */
const BUTTON_ONLY: readonly Command[] = [confirm, drop];

const byWord = new Map(
  COMMANDS.filter((command) => !BUTTON_ONLY.includes(command)).flatMap((command) =>
    wordsOf(command).map((word) => [word, command] as const),
  ),
);
const byName = new Map(COMMANDS.map((command) => [command.name, command]));

/** The command that a typed word means, in any language. */
export function commandSaid(word: string): Command | undefined {
  return byWord.get(word);
}

/** The command that a button belongs to. */
export function commandNamed(name: string): Command | undefined {
  return byName.get(name);
}

/** All words that may be suggested to someone with this role. */
export function wordsFor(role: string): string[] {
  return [...byWord]
    .filter(([word, command]) => word.length > 2 && (!command.role || command.role === role))
    .map(([word]) => word);
}

/** Has the messages of every command counted from 0, so that the first fault of one shows as a rise. */
export function countCommands({ messages }: Metrics): void {
  for (const command of ['none', ...byName.keys()]) {
    for (const result of ['ok', 'refused', 'unavailable', 'fault'] as const) messages.inc({ command, result }, 0);
  }
}

/** The word of a command as the menu of a language shows it. */
export function wordIn(command: Command, language: string): string {
  const code = languageOf(language);
  return code === 'en' ? command.name : (command.aliases[code]?.[0] ?? command.name);
}

function wordsOf({ name, aliases }: Command): string[] {
  return [name, ...Object.values(aliases).flat()];
}
