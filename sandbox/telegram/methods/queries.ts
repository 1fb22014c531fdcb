// answerCallbackQuery and answerInlineQuery: each query can be answered for a while, then it is too old.
// getFile and getChat are here too, being as short.
import { badRequest } from '../errors.ts';
import { type CallbackAnswer, emit, privateChat, QUERY_LIFE_MS } from '../state.ts';
import type { Chat } from '../wire.ts';
import { type Call, findChat } from './call.ts';

const TOO_OLD = 'query is too old and response timeout expired or query ID is invalid';
const CALLBACK_TEXT_LIMIT = 200;
const RESULTS_LIMIT = 50;
const DOWNLOAD_LIMIT_BYTES = 20 * 1024 * 1024;

export function answerCallbackQuery({ bot, params, state }: Call): true {
  const text = params.string('text') ?? '';
  if (text.length > CALLBACK_TEXT_LIMIT) throw badRequest('MESSAGE_TOO_LONG');
  const id = params.string('callback_query_id') ?? '';
  const query = bot.callbacks.get(id);
  if (!query || Date.now() - query.atMs > QUERY_LIFE_MS) throw badRequest(TOO_OLD);
  bot.callbacks.delete(id);
  const url = params.string('url');
  const answer: CallbackAnswer = { text, show_alert: params.boolean('show_alert'), ...(url ? { url } : {}) };
  query.settle(answer);
  const toast = { ...answer, person: query.person };
  emit(state, { type: 'toast', bot, chat: bot.chats.get(query.person), toast });
  return true;
}

export function answerInlineQuery({ bot, params }: Call): true {
  const results = params.json('results');
  if (!Array.isArray(results)) throw badRequest("can't parse inline query results JSON object");
  if (results.length > RESULTS_LIMIT) throw badRequest('RESULTS_TOO_MUCH');
  const ids = new Set<string>();
  for (const result of results as { id?: unknown; type?: unknown }[]) {
    const id = String(result?.id ?? '');
    if (!id || Buffer.byteLength(id) > 64) throw badRequest('RESULT_ID_INVALID');
    if (ids.has(id)) throw badRequest('RESULT_ID_DUPLICATE');
    if (typeof result.type !== 'string')
      throw badRequest("can't parse InlineQueryResult: type of the result isn't specified");
    ids.add(id);
  }
  const id = params.string('inline_query_id') ?? '';
  const query = bot.inlineQueries.get(id);
  if (!query || Date.now() - query.atMs > QUERY_LIFE_MS) throw badRequest(TOO_OLD);
  bot.inlineQueries.delete(id);
  query.settle(results);
  return true;
}

export function getFile({ bot, params, state }: Call): unknown {
  const id = params.string('file_id');
  if (!id) throw badRequest('file_id not specified');
  const file = state.files.find(bot.id, id);
  if (!file) throw badRequest('wrong file_id or the file is temporarily unavailable');
  if (file.size > DOWNLOAD_LIMIT_BYTES) throw badRequest('file is too big');
  const folder = file.width === undefined ? 'documents' : 'photos';
  const path = `${folder}/${file.unique}/${encodeURIComponent(file.name)}`;
  return { file_id: id, file_unique_id: file.unique, file_size: file.size, file_path: path };
}

/** A person is shown as they call themselves now, whatever they were called when they last wrote. */
export function getChat(call: Call): Chat {
  const { chat } = findChat(call);
  const person = chat.type === 'private' ? call.state.people.get(chat.id) : undefined;
  return person ? privateChat(person) : chat;
}
