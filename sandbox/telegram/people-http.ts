// The people's API over HTTP, for pages and for programs in another process: everything a phone does, the chats as people
// see them, live events (server-sent), and the switches for limits and faults. Bodies and answers are JSON.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from './errors.ts';
import { streamEvents } from './events-http.ts';
import type { Faults } from './faults.ts';
import { menuFor, textFor } from './methods/profile.ts';
import {
  addPerson,
  askInline,
  changePerson,
  chatOf,
  findButton,
  type NewPerson,
  PhoneError,
  press,
  sendContact,
  sendPicture,
  sendText,
  setBlocked,
} from './people.ts';
import { findBot } from './person.ts';
import type { Bot, Person, State } from './state.ts';
import { viewChat } from './view.ts';

interface PhoneBody {
  bot?: string;
  chat?: number;
  text?: string;
  reply_to_message_id?: number;
  forwarded_from?: string;
  label?: string;
  message_id?: number;
  data?: string;
  stale?: boolean;
  base64?: string;
  caption?: string;
  phone_number?: string;
  user_id?: number;
  payload?: string;
  query?: string;
  deactivated?: boolean;
  first_name?: string;
  username?: string;
  language_code?: string;
}

type Act = (state: State, bot: Bot, person: Person, body: PhoneBody) => unknown;

const ACTS: Record<string, Act> = {
  say: (state, bot, person, body) =>
    sendText(state, bot, person, chatOf(bot, person, body.chat), body.text ?? '', body),
  start: (state, bot, person, body) => {
    const payload = body.payload ?? '';
    if (payload && !/^[A-Za-z0-9_-]{1,64}$/.test(payload))
      throw new PhoneError('a start payload is 1-64 of A-Za-z0-9_-');
    return sendText(state, bot, person, chatOf(bot, person), `/start ${payload}`);
  },
  press: pressButton,
  photo: (state, bot, person, body) => {
    const picture = { bytes: Buffer.from(body.base64 ?? '', 'base64'), caption: body.caption ?? '' };
    return sendPicture(state, bot, person, chatOf(bot, person, body.chat), picture, body);
  },
  contact: (state, bot, person, body) =>
    sendContact(state, bot, person, chatOf(bot, person, body.chat), {
      phone_number: body.phone_number ?? `+${person.id}`,
      first_name: person.first_name,
      user_id: body.user_id ?? person.id,
    }),
  block: (state, bot, person) => setBlocked(state, bot, person, true),
  unblock: (state, bot, person) => setBlocked(state, bot, person, false),
  inline: (state, bot, person, body) => askInline(state, bot, person, body.query ?? ''),
  change: (state, _bot, person, { first_name, username, language_code, deactivated }) => {
    const given = { first_name, username, language_code, deactivated };
    changePerson(state, person, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
    return person;
  },
};

function pressButton(state: State, bot: Bot, person: Person, body: PhoneBody): unknown {
  const chat = chatOf(bot, person, body.chat);
  if (body.message_id !== undefined && body.data !== undefined) {
    return { query_id: press(state, bot, person, chat, body.message_id, body.data, body.stale).query_id };
  }
  const found = findButton(chat, body.label ?? '', body.message_id);
  const data = found?.button.callback_data;
  if (!found || data === undefined) throw new PhoneError(`there is no button "${body.label}" to press`);
  return { query_id: press(state, bot, person, chat, found.held.message.message_id, data).query_id };
}

/** Answers everything under /people. */
export function answerPeople(state: State, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*');
  const url = new URL(request.url ?? '/', 'http://local');
  const parts = url.pathname.split('/').slice(2).map(decodeURIComponent);
  if (request.method === 'GET' && parts.at(-1) === 'events') {
    const who = parts.length === 2 ? Number(parts[0]) : undefined;
    streamEvents(state, who, request, response);
    return;
  }
  if (request.method === 'GET' && parts[0] === 'files') {
    sendFile(state, parts[1] ?? '', response);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    answer(state, request.method ?? 'GET', parts, url, Buffer.concat(chunks)).then(
      (result) => reply(response, 200, result ?? { ok: true }),
      (error: unknown) => {
        const expected = error instanceof PhoneError || error instanceof ApiError || error instanceof SyntaxError;
        if (!expected) console.error('sandbox/telegram: /people failed', error);
        reply(response, expected ? 400 : 500, { error: error instanceof Error ? error.message : String(error) });
      },
    );
  });
}

async function answer(state: State, method: string, parts: string[], url: URL, raw: Buffer): Promise<unknown> {
  const body =
    raw.length > 0 ? (JSON.parse(raw.toString('utf8')) as PhoneBody & NewPerson) : ({} as PhoneBody & NewPerson);
  const [first, second, third] = parts;
  if (method === 'GET') {
    if (!first) return [...state.people.values()];
    if (first === 'bots')
      return [...state.bots.values()].map(({ id, username, first_name }) => ({ id, username, first_name }));
    if (second === 'chat') return viewWhole(state, botOf(state, third), personOf(state, first), url);
    throw new PhoneError(`there is nothing at ${url.pathname}`);
  }
  if (!first) return addPerson(state, body);
  if (first === 'switches') return setSwitches(state, body as Partial<Faults> & { limits?: 'real' | 'off' });
  const act = ACTS[second ?? ''];
  if (!act) throw new PhoneError(`people cannot "${second}"; they can ${Object.keys(ACTS).join(', ')}`);
  return act(state, botOf(state, body.bot), personOf(state, first), body);
}

function setSwitches(state: State, { limits, ...faults }: Partial<Faults> & { limits?: 'real' | 'off' }): unknown {
  if (limits) state.limits = limits;
  Object.assign(state.faults, faults);
  return { limits: state.limits, ...state.faults };
}

function viewWhole(state: State, bot: Bot, person: Person, url: URL): unknown {
  const chatId = url.searchParams.get('chat');
  const chat = chatOf(bot, person, chatId ? Number(chatId) : undefined);
  const language = person.language_code?.slice(0, 2) ?? '';
  return {
    person,
    bot: {
      id: bot.id,
      username: bot.username,
      name: textFor(bot, 'name', language),
      description: textFor(bot, 'description', language),
    },
    started: chat.started,
    blocked: chat.blocked,
    menu: menuFor(bot, chat.chat.id, person.language_code),
    keyboard: chat.keyboard,
    messages: viewChat(state, chat),
  };
}

function botOf(state: State, name: string | undefined): Bot {
  const first = name ? findBot(state, name) : state.bots.values().next().value;
  if (!first) throw new PhoneError('this Telegram has no bot');
  return first;
}

function personOf(state: State, id: string): Person {
  const person = state.people.get(Number(id));
  if (!person) throw new PhoneError(`there is no person ${id}`);
  return person;
}

function sendFile(state: State, unique: string, response: ServerResponse): void {
  const bytes = state.files.read(unique);
  if (!bytes) {
    reply(response, 404, { error: 'there is no such file' });
    return;
  }
  const type = state.files.index.get(unique)?.mime ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': type, 'cache-control': 'max-age=86400' });
  response.end(bytes);
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
