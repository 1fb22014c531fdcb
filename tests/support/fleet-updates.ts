// Updates brought to chosen bots by hand, as Telegram brings them: with the bot's secret, again after every answer that
// is not 2xx, and, unlike Telegram, many at once where a test wants a race.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { BOTS, type Rig } from '../../scripts/rig.ts';

export type Update = { readonly update_id: number; readonly [kind: string]: unknown };

export type Receipt = { status: number; retryAfter: string | null };

const GIVE_UP_MS = 40_000;
const AGAIN_MS = 1_000;

// Far from the numbers that the sandbox gives.
let nextId = 500_000_000;

/** A text somebody writes, which nobody has delivered yet. */
export function textUpdate(phone: Phone, text: string): Update {
  const { id, first_name, username } = phone.person;
  const from = { id, first_name, username, is_bot: false, language_code: 'en' };
  const chat = { id, type: 'private', first_name };
  const command = /^\/\w+/.exec(text)?.[0];
  const entities = command ? [{ type: 'bot_command', offset: 0, length: command.length }] : [];
  const update_id = nextId++;
  return { update_id, message: { message_id: update_id, date: 1_700_000_000, from, chat, text, entities } };
}

/** A press on a button, which nobody has delivered yet. */
export function pressUpdate(phone: Phone, messageId: number, data: string): Update {
  const { id, first_name, username } = phone.person;
  const update_id = nextId++;
  const chat = { id, type: 'private', first_name };
  const message = { message_id: messageId, date: 1_700_000_000, chat };
  const callback_query = {
    id: String(update_id),
    // Whoever leaves the name out says that it was given up.
    from: { id, first_name, username, is_bot: false },
    chat_instance: '1',
    message,
    data,
  };
  return { update_id, callback_query };
}

/** Brings an update to one instance, once. */
export async function post(rig: Rig, url: string, update: Update, secret = secretOf(rig)): Promise<Receipt> {
  const botId = BOTS[0].token.split(':')[0];
  const response = await fetch(`${url}/telegram/${botId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret },
    body: JSON.stringify(update),
  });
  await response.arrayBuffer();
  return { status: response.status, retryAfter: response.headers.get('retry-after') };
}

/** Brings an update until an instance takes it. Gives every status on the way. */
export async function bring(rig: Rig, url: string, update: Update): Promise<number[]> {
  const statuses: number[] = [];
  const end = performance.now() + GIVE_UP_MS;
  while (performance.now() < end) {
    const { status } = await post(rig, url, update);
    statuses.push(status);
    if (status === 200) return statuses;
    await sleep(AGAIN_MS);
  }
  throw new Error(`nobody took the update: ${statuses.join()}`);
}

function secretOf(rig: Rig): string {
  const secret = rig.telegram.bot(BOTS[0].token).webhook?.secret;
  if (!secret) throw new Error('the webhook has no secret');
  return secret;
}
