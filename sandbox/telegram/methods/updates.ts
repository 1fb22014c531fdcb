// setWebhook, deleteWebhook, getWebhookInfo, getUpdates: the two ways of getting updates, which exclude each other.
// A webhook may be http, private and on any port (the server plays the local Bot API server); all else is strict.
import { ApiError, badRequest, tooManyRequests } from '../errors.ts';
import type { Bot, Pending, WebhookSettings } from '../state.ts';
import type { Call } from './call.ts';

const BATCH_LIMIT_BYTES = 4 * 1024 * 1024;
const LONGEST_POLL_SECONDS = 50;

/** Made by the server: starts delivery to the bot's webhook. */
export type StartDelivery = (bot: Bot, settings: WebhookSettings) => void;

export function makeSetWebhook(start: StartDelivery): (call: Call) => true {
  return (call) => setWebhook(call, start);
}

function setWebhook(call: Call, start: StartDelivery): true {
  const { bot, params, state } = call;
  const url = (params.string('url') ?? '').trim();
  if (!url) return deleteWebhook(call);
  const nowMs = Date.now();
  if (state.limits === 'real' && nowMs < bot.nextSetWebhookMs) throw tooManyRequests(1);
  bot.nextSetWebhookMs = nowMs + 1000;
  checkWebhookUrl(url);
  const secret = params.string('secret_token') || undefined;
  if (secret && secret.length > 256) throw badRequest('secret token is too long');
  if (secret && !/^[A-Za-z0-9_-]+$/.test(secret)) throw badRequest('secret token contains unallowed characters');
  const maxConnections = Math.min(Math.max(params.integer('max_connections') ?? 40, 1), 100);
  readAllowed(call);
  if (params.boolean('drop_pending_updates')) bot.pending.clear();
  const old = bot.webhook;
  const equal = old?.url === url && old.secret === secret && old.maxConnections === maxConnections;
  if (equal && !params.boolean('drop_pending_updates')) {
    call.description = 'Webhook is already set';
    return true;
  }
  bot.poll?.end();
  bot.webhook = { url, secret, maxConnections };
  start(bot, bot.webhook);
  state.touch();
  call.description = 'Webhook was set';
  return true;
}

function checkWebhookUrl(url: string): void {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw badRequest('invalid webhook URL specified');
  }
  if (!['http:', 'https:'].includes(parsed.protocol) || !parsed.hostname) {
    throw badRequest('invalid webhook URL specified');
  }
}

function readAllowed({ bot, params }: Call): void {
  if (!params.has('allowed_updates')) return;
  const given = params.json('allowed_updates');
  if (!Array.isArray(given)) throw badRequest("can't parse allowed_updates: Array expected");
  bot.allowedUpdates = given
    .filter((kind): kind is string => typeof kind === 'string')
    .map((kind) => kind.toLowerCase());
}

export function deleteWebhook(call: Call): true {
  const { bot, params, state } = call;
  if (params.boolean('drop_pending_updates')) bot.pending.clear();
  call.description = bot.webhook ? 'Webhook was deleted' : 'Webhook is already deleted';
  bot.delivery?.close();
  bot.delivery = undefined;
  bot.webhook = undefined;
  state.touch();
  return true;
}

export function getWebhookInfo({ bot }: Call): unknown {
  const { webhook } = bot;
  return {
    url: webhook?.url ?? '',
    has_custom_certificate: false,
    pending_update_count: bot.pending.size,
    ...(webhook?.lastErrorDate
      ? { last_error_date: webhook.lastErrorDate, last_error_message: webhook.lastErrorMessage }
      : {}),
    ...(webhook ? { max_connections: webhook.maxConnections, ip_address: '127.0.0.1' } : {}),
    ...(bot.allowedUpdates.length > 0 ? { allowed_updates: bot.allowedUpdates } : {}),
  };
}

export async function getUpdates(call: Call): Promise<unknown> {
  const { bot, params } = call;
  if (bot.webhook) {
    const text = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
    throw new ApiError(409, `Conflict: ${text}`);
  }
  readAllowed(call);
  const limit = Math.min(Math.max(params.integer('limit') ?? 100, 1), 100);
  const timeoutSeconds = Math.min(Math.max(params.integer('timeout') ?? 0, 0), LONGEST_POLL_SECONDS);
  confirm(bot, params.integer('offset') ?? 0);
  call.state.touch();
  bot.poll?.end();
  let batch = takeBatch(bot, limit);
  if (batch.length === 0 && timeoutSeconds > 0) {
    await waitForUpdate(bot, timeoutSeconds * 1000);
    batch = takeBatch(bot, limit);
  }
  return batch.map((pending) => JSON.parse(pending.body) as unknown);
}

/** Forgets what the offset says was seen; a negative one keeps only the last n. */
function confirm(bot: Bot, offset: number): void {
  const ids = [...bot.pending.keys()];
  const forgotten = offset < 0 ? ids.slice(0, Math.max(0, ids.length + offset)) : ids.filter((id) => id < offset);
  for (const id of forgotten) bot.pending.delete(id);
}

function takeBatch(bot: Bot, limit: number): Pending[] {
  const nowMs = Date.now();
  const batch: Pending[] = [];
  let bytes = 0;
  for (const pending of bot.pending.values()) {
    if (pending.expiresAt <= nowMs) {
      bot.pending.delete(pending.id);
      continue;
    }
    bytes += pending.body.length;
    if (batch.length >= limit || bytes > BATCH_LIMIT_BYTES) break;
    batch.push(pending);
  }
  return batch;
}

function waitForUpdate(bot: Bot, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (end: () => void) => {
      clearTimeout(timer);
      if (bot.poll === poll) bot.poll = undefined;
      end();
    };
    const poll = {
      wake: () => finish(resolve),
      end: () => {
        const text = 'terminated by other getUpdates request; make sure that only one bot instance is running';
        finish(() => reject(new ApiError(409, `Conflict: ${text}`)));
      },
    };
    const timer = setTimeout(poll.wake, ms);
    bot.poll = poll;
  });
}
