// getMe, the commands menu and the bot's texts. The menu a person sees is the narrowest scope that has one, in their
// language first, as the documentation orders it.
import { badRequest } from '../errors.ts';
import type { Params } from '../params.ts';
import { type Bot, botUser, emit } from '../state.ts';
import type { BotCommand } from '../wire.ts';
import type { Call } from './call.ts';

export function getMe({ bot }: Call): unknown {
  return {
    ...botUser(bot),
    can_join_groups: true,
    can_read_all_group_messages: false,
    supports_inline_queries: true,
    can_connect_to_business: false,
    has_main_web_app: false,
  };
}

export function setMyCommands(call: Call): true {
  const { bot, params, state } = call;
  const given = params.json('commands');
  if (!Array.isArray(given)) throw badRequest("can't parse commands list JSON object");
  if (given.length > 100) throw badRequest('BOT_COMMANDS_TOO_MUCH');
  const commands = given.map(readCommand);
  bot.commands.set(`${readScope(params)}:${readLanguage(params)}`, commands);
  emit(state, { type: 'menu', bot, chat: undefined });
  return true;
}

function readCommand(given: unknown): BotCommand {
  const { command, description } = (given ?? {}) as { command?: unknown; description?: unknown };
  if (typeof command !== 'string') throw badRequest('can\'t parse BotCommand: Field "command" must be of type String');
  if (typeof description !== 'string') {
    throw badRequest('can\'t parse BotCommand: Field "description" must be of type String');
  }
  const name = command.replace(/^\//, '');
  if (!/^[a-z0-9_]{1,32}$/.test(name)) throw badRequest('BOT_COMMAND_INVALID');
  const text = description.trim();
  if (text.length < 1 || text.length > 256) throw badRequest('BOT_COMMAND_DESCRIPTION_INVALID');
  return { command: name, description: text };
}

export function getMyCommands({ bot, params }: Call): BotCommand[] {
  return bot.commands.get(`${readScope(params)}:${readLanguage(params)}`) ?? [];
}

export function deleteMyCommands({ bot, params, state }: Call): true {
  bot.commands.delete(`${readScope(params)}:${readLanguage(params)}`);
  emit(state, { type: 'menu', bot, chat: undefined });
  return true;
}

/** The menu of one person in their private chat with the bot. */
export function menuFor(bot: Bot, chatId: number, language: string | undefined): BotCommand[] {
  const short = language?.slice(0, 2).toLowerCase() ?? '';
  for (const scope of [`chat/${chatId}`, 'all_private_chats', 'default']) {
    const menu = (short && bot.commands.get(`${scope}:${short}`)) || bot.commands.get(`${scope}:`);
    if (menu) return menu;
  }
  return [];
}

function readScope(params: Params): string {
  if (!params.has('scope')) return 'default';
  const scope = params.json('scope') as { type?: string; chat_id?: unknown; user_id?: unknown } | undefined;
  switch (scope?.type) {
    case 'default':
    case 'all_private_chats':
    case 'all_group_chats':
    case 'all_chat_administrators':
      return scope.type;
    case 'chat':
    case 'chat_administrators':
      return `${scope.type}/${scope.chat_id}`;
    case 'chat_member':
      return `chat_member/${scope.chat_id}/${scope.user_id}`;
    default:
      throw badRequest("can't parse BotCommandScope: Unsupported type specified");
  }
}

function readLanguage(params: Params): string {
  const language = params.string('language_code') ?? '';
  if (language && !/^[a-z]{2}$/.test(language)) throw badRequest('invalid language code specified');
  return language;
}

/** setMyDescription, setMyShortDescription, setMyName. */
export function makeSetText(kind: string, field: string, limit: number): (call: Call) => true {
  return ({ bot, params, state }) => {
    const text = params.string(field) ?? '';
    if (text.length > limit) throw badRequest(`${field.replaceAll('_', ' ')} is too long`);
    const language = readLanguage(params);
    if (text) bot.texts.set(`${kind}:${language}`, text);
    else bot.texts.delete(`${kind}:${language}`);
    emit(state, { type: 'menu', bot, chat: undefined });
    return true;
  };
}

/** getMyDescription, getMyShortDescription, getMyName. */
export function makeGetText(kind: string, field: string): (call: Call) => unknown {
  return ({ bot, params }) => ({ [field]: textFor(bot, kind, readLanguage(params)) });
}

/** A text in that language, else the default one. */
export function textFor(bot: Bot, kind: string, language: string): string {
  const fallback = kind === 'name' ? bot.first_name : '';
  return bot.texts.get(`${kind}:${language}`) ?? bot.texts.get(`${kind}:`) ?? fallback;
}
