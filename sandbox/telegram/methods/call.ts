// What every method of the API is given, and the look-ups that most of them begin with.
// A method returns its result or throws ApiError; it may leave a description beside the result.
import { badRequest, forbidden } from '../errors.ts';
import type { Params } from '../params.ts';
import type { Bot, ChatState, Held, State } from '../state.ts';

export interface Call {
  state: State;
  bot: Bot;
  params: Params;
  /** Set by a method whose success has a text, such as "Webhook was set". */
  description?: string;
}

export type Method = (call: Call) => unknown;

/** The chat named by `chat_id`, known to the bot, whether it may be written to or not. */
export function findChat(call: Call): ChatState {
  const { params, bot, state } = call;
  const given = params.values.chat_id;
  if (given === undefined || given === null || given === '') throw badRequest('chat_id is empty');
  const chat = bot.chats.get(params.integer('chat_id') ?? Number.NaN);
  if (!chat) throw badRequest('chat not found');
  if (chat.chat.type === 'private' && state.people.get(chat.chat.id)?.deactivated) {
    throw forbidden('user is deactivated');
  }
  return chat;
}

/** The chat named by `chat_id`, to write into. */
export function writableChat(call: Call): ChatState {
  const chat = findChat(call);
  if (chat.blocked) {
    throw forbidden(
      chat.chat.type === 'private' ? 'bot was blocked by the user' : 'bot was kicked from the group chat',
    );
  }
  if (!chat.started) throw forbidden("bot can't initiate conversation with a user");
  return chat;
}

/** The message named by `message_id`; `what` completes "message to ... not found". */
export function findMessage(call: Call, chat: ChatState, what: string): Held {
  const id = call.params.integer('message_id');
  if (id === undefined || id === 0) throw badRequest('message identifier is not specified');
  const held = chat.messages.get(id);
  if (!held || held.deleted) throw badRequest(`message to ${what} not found`);
  return held;
}
