// Calls to Telegram's Bot API, each with a deadline. What Telegram says becomes a value, because a caller must decide by
// it: sent, not sent, or nobody knows. Telegraf sends files, our own wire the rest. Telegraf's errors hold the token in
// their addresses and the message in their payload, so none of them ever leaves this file.
import { Telegram, TelegramError } from 'telegraf';
import type { Metrics } from '../../base/metrics.ts';
import { CalledOff, NotCalled, type Outside, outside } from '../../base/outside.ts';
import type { Outcome, RefusedBecause } from '../channel.ts';
import { createWire } from './wire.ts';

export type Api = {
  /** @param patienceMs beside the usual deadline, for calls that wait by themselves. */
  call<T>(method: string, payload: object, signal?: AbortSignal, patienceMs?: number): Promise<Outcome<T>>;
};

const DEADLINE_MS = 10_000;
const FAILURES_TO_OPEN = 30;
const OPEN_MS = 1_000;

/** The Bot API under one token. `apiRoot` is Telegram's own or that of a local Bot API server. */
export function createApi(options: { token: string; apiRoot: string; metrics?: Metrics | undefined }): Api {
  const { token, apiRoot, metrics } = options;
  const root = apiRoot.endsWith('/') ? apiRoot : `${apiRoot}/`;
  const telegram = new Telegram(token, { apiRoot: root, webhookReply: false });
  const post = createWire(root, token);
  const upload = telegram.callApi.bind(telegram) as unknown as (
    method: string,
    payload: object,
    options: { signal: AbortSignal },
  ) => Promise<unknown>;
  const ask = async (method: string, payload: object, signal: AbortSignal): Promise<unknown> => {
    if ('photo' in payload) return upload(method, payload, { signal });
    const { status, text } = await post(method, JSON.stringify(payload), signal);
    if (status >= 500) throw new TelegramError({ error_code: status, description: '' });
    const answer = JSON.parse(text) as { ok: true; result: unknown } | ({ ok: false } & Refused);
    if (!answer.ok) throw new TelegramError(answer);
    return answer.result;
  };
  const usual = outside('telegram', {
    deadlineMs: DEADLINE_MS,
    breaker: { failures: FAILURES_TO_OPEN, openMs: OPEN_MS },
    ...(metrics && { onEvent: metrics.breaker }),
  });
  const under = async <T>(
    policy: Outside,
    method: string,
    payload: object,
    signal?: AbortSignal,
  ): Promise<Outcome<T>> => {
    try {
      return await policy<Outcome<T>>(async (deadline) => {
        try {
          return { state: 'done', result: (await ask(method, payload, deadline)) as T };
        } catch (error) {
          // An answer is an answer: only silence and broken servers count against Telegram.
          if (error instanceof TelegramError && error.code < 500) return answerOf(error);
          throw error;
        }
      }, signal);
    } catch (error) {
      return silenceOf(error);
    }
  };

  return {
    async call<T>(method: string, payload: object, signal?: AbortSignal, patienceMs = 0): Promise<Outcome<T>> {
      if (patienceMs > 0) {
        // Not measured: how long it takes is what was asked for.
        return under<T>(outside('telegram', { deadlineMs: DEADLINE_MS + patienceMs }), method, payload, signal);
      }
      const begunMs = performance.now();
      const outcome = await under<T>(usual, method, payload, signal);
      metrics?.telegramSeconds.observe({ result: outcome.state }, (performance.now() - begunMs) / 1_000);
      return outcome;
    },
  };
}

type Refused = ConstructorParameters<typeof TelegramError>[0];

const REFUSALS: readonly (readonly [string, RefusedBecause])[] = [
  ['message is not modified', 'unchanged'],
  ['message to edit not found', 'gone'],
  ["message can't be edited", 'gone'],
  ['there is no text in the message to edit', 'gone'],
  ['there is no caption in the message to edit', 'gone'],
  ['message to delete not found', 'gone'],
  ["message can't be deleted", 'gone'],
  ["can't parse entities", 'unparsable'],
];

function answerOf(error: TelegramError): Outcome<never> {
  const { code, description } = error;
  if (code === 429) return { state: 'wait', waitMs: (error.parameters?.retry_after ?? 1) * 1_000 };
  if (code === 403 || (code === 400 && description.includes('chat not found'))) return { state: 'unreachable' };
  const reason = REFUSALS.find(([text]) => description.includes(text))?.[1];
  return { state: 'refused', reason: reason ?? (code === 409 ? 'conflict' : 'other'), description };
}

// These mean that no connection was made, so nothing can have been done.
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

// Said by a server that is restarting, or by the one before it that could not pass the call on.
const NOT_DONE = new Set([500, 502, 503]);

function silenceOf(error: unknown): Outcome<never> {
  if (error instanceof NotCalled) return { state: 'not_sent', why: 'circuit open' };
  if (error instanceof CalledOff) return { state: 'unsure', why: 'called off' };
  if (error instanceof TelegramError) {
    return { state: NOT_DONE.has(error.code) ? 'not_sent' : 'unsure', why: `status ${error.code}` };
  }
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
  if (code && NEVER_SENT.has(code)) return { state: 'not_sent', why: code };
  return { state: 'unsure', why: code ?? (error instanceof Error ? error.name : 'unknown') };
}
