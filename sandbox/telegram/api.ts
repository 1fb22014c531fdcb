// From an HTTP request to a method and back: finds the bot by the token in the path, reads the parameters, runs the method,
// answers in Telegram's envelope. The faults a test asked for happen here. This is the hot path, so it allocates little.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecuteReply } from './delivery.ts';
import { ApiError, errorBody, tooManyRequests } from './errors.ts';
import { answerBrokenPage, springs } from './faults.ts';
import type { Call, Method } from './methods/call.ts';
import { type Params, readParams } from './params.ts';
import type { Bot, State } from './state.ts';

const BODY_LIMIT_BYTES = 50 * 1024 * 1024 + 64 * 1024;

type Methods = Map<string, Method>;

/** Answers `/bot<token>/<method>` and `/file/bot<token>/<path>`. */
export function answerApi(state: State, methods: Methods, request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? '/';
  if (url.startsWith('/file/bot')) {
    answerFile(state, url, response);
    return;
  }
  readBody(request, (body) => {
    if (body === 'too large') {
      response.setHeader('connection', 'close');
      answer(response, 413, errorBody(new ApiError(413, 'Request Entity Too Large')));
      return;
    }
    run(state, methods, request, url, body, response);
  });
}

function readBody(request: IncomingMessage, done: (body: Buffer | undefined | 'too large') => void): void {
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) {
    request.resume();
    done('too large');
    return;
  }
  let first: Buffer | undefined;
  let rest: Buffer[] | undefined;
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) return;
    if (!first) first = chunk;
    else if (rest) rest.push(chunk);
    else rest = [first, chunk];
  });
  request.on('end', () => done(size > BODY_LIMIT_BYTES ? 'too large' : rest ? Buffer.concat(rest) : first));
}

function run(
  state: State,
  methods: Methods,
  request: IncomingMessage,
  url: string,
  body: Buffer | undefined,
  response: ServerResponse,
): void {
  let call: Call | undefined;
  let name = '';
  try {
    const target = readTarget(state, url);
    name = target.method;
    const method = methods.get(name);
    if (!method) throw new ApiError(404, 'Not Found: method not found');
    if (springs(state.faults.lost, name)) {
      response.socket?.destroy();
      return;
    }
    if (springs(state.faults.fail, name)) {
      answerBrokenPage(response, state.faults.fail?.status ?? 500);
      return;
    }
    if (springs(state.faults.tooMany, name)) throw tooManyRequests(state.faults.tooMany?.retryAfter ?? 1);
    call = { state, bot: target.bot, params: readParams(body, request.headers['content-type'], target.query) };
    const result = method(call);
    if (!(result instanceof Promise)) {
      succeed(state, name, response, call, result);
      return;
    }
    const made = call;
    result.then(
      (value) => succeed(state, name, response, made, value),
      (error: unknown) => fail(state, name, response, error),
    );
  } catch (error) {
    fail(state, name, response, error);
  }
}

function readTarget(state: State, url: string): { bot: Bot; method: string; query: string } {
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  const slash = path.indexOf('/', 4);
  if (!path.startsWith('/bot') || slash < 0) throw new ApiError(404, 'Not Found');
  let token = path.slice(4, slash);
  if (token.includes('%')) token = decodeURIComponent(token);
  const bot = state.bots.get(token);
  if (!bot) {
    const wellFormed = /^\d{1,16}:[A-Za-z0-9_-]{30,}$/.test(token);
    throw new ApiError(401, wellFormed ? 'Unauthorized' : 'Unauthorized: invalid token specified');
  }
  const method = path
    .slice(slash + 1)
    .replace(/^test\//, '')
    .toLowerCase();
  return { bot, method, query: question < 0 ? '' : url.slice(question + 1) };
}

function succeed(state: State, name: string, response: ServerResponse, call: Call, result: unknown): void {
  const description = call.description ? `,"description":${JSON.stringify(call.description)}` : '';
  finish(state, name, response, 200, `{"ok":true,"result":${JSON.stringify(result)}${description}}`);
}

function fail(state: State, name: string, response: ServerResponse, error: unknown): void {
  if (!(error instanceof ApiError)) {
    console.error(`sandbox/telegram: ${name} failed`, error);
    finish(state, name, response, 500, errorBody(new ApiError(500, 'Internal Server Error: sandbox')));
    return;
  }
  finish(state, name, response, error.code, errorBody(error));
}

function finish(state: State, name: string, response: ServerResponse, status: number, body: string): void {
  if (springs(state.faults.cut, name)) {
    response.socket?.destroy();
    return;
  }
  if (state.faults.delayMs > 0) setTimeout(() => answer(response, status, body), state.faults.delayMs);
  else answer(response, status, body);
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))]);
  response.end(body);
}

function answerFile(state: State, url: string, response: ServerResponse): void {
  const [, , botToken, , unique] = url.split('/');
  const bot = state.bots.get(decodeURIComponent(botToken?.slice(3) ?? ''));
  const bytes = bot && unique ? state.files.read(unique) : undefined;
  if (!bytes) {
    answer(response, bot ? 404 : 401, errorBody(new ApiError(bot ? 404 : 401, bot ? 'Not Found' : 'Unauthorized')));
    return;
  }
  const mime = state.files.index.get(unique ?? '')?.mime ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': mime, 'content-length': bytes.length });
  response.end(bytes);
}

const NOT_IN_REPLY = new Set(['setwebhook', 'deletewebhook', 'close', 'logout']);

/** Runs the call that a webhook wrote into its answer; nobody learns of its result. */
export function makeExecutor(state: State, bot: Bot, methods: Methods): ExecuteReply {
  return (body, contentType) => {
    let params: Params;
    try {
      params = readParams(body, contentType, '');
    } catch {
      return;
    }
    const name = params.string('method')?.toLowerCase() ?? '';
    const method = NOT_IN_REPLY.has(name) || name.startsWith('get') ? undefined : methods.get(name);
    if (!method) return;
    try {
      const result = method({ state, bot, params });
      if (result instanceof Promise) result.catch(() => {});
    } catch (error) {
      if (!(error instanceof ApiError)) console.error(`sandbox/telegram: ${name} in an answer failed`, error);
    }
  };
}
