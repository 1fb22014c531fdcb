// Each bot at Telegram: its token is good, and its updates go where we listen. Never prints a token.
import type { Config } from '../../src/base/config.ts';
import { createApi } from '../../src/channels/telegram/api.ts';
import { WEBHOOK_PATH } from '../../src/channels/telegram/webhook.ts';
import { type Finding, fault, must, ok, warning } from './finding.ts';

const MANY_WAITING = 100;
const RECENT_S = 3_600;

type WebhookInfo = {
  url: string;
  pending_update_count: number;
  last_error_date?: number;
  last_error_message?: string;
};

/** Every bot of TELEGRAM_BOTS. */
export async function checkTelegram(config: Config): Promise<Finding[]> {
  const lists = await Promise.all(config.TELEGRAM_BOTS.map((token) => aboutBot(config, token)));
  return [...address(config), ...lists.flat()];
}

function address({ PUBLIC_URL, TELEGRAM_API_ROOT }: Config): Finding[] {
  if (!PUBLIC_URL) {
    const todo = 'Set PUBLIC_URL to the https address of nginx: by long polling, one instance does all the work.';
    return [warning('PUBLIC_URL is not set: updates are fetched by long polling', todo)];
  }
  if (PUBLIC_URL.startsWith('https:') || !TELEGRAM_API_ROOT.endsWith('//api.telegram.org')) return [];
  return [
    fault('PUBLIC_URL is http', 'Telegram calls https only: put a certificate into nginx and set PUBLIC_URL to it.'),
  ];
}

async function aboutBot(config: Config, token: string): Promise<Finding[]> {
  const id = token.slice(0, token.indexOf(':'));
  const api = createApi({ token, apiRoot: config.TELEGRAM_API_ROOT });
  const me = await api.call<{ username: string }>('getMe', {});
  if (me.state !== 'done') {
    const refused = me.state === 'refused' || me.state === 'unreachable';
    const what = refused ? `Telegram refuses the token of bot ${id}` : 'Telegram cannot be reached';
    return [fault(what, refused ? 'Take a new one from BotFather.' : 'Look at the network, or TELEGRAM_API_ROOT.')];
  }
  const name = `@${me.result.username}`;
  const info = await api.call<WebhookInfo>('getWebhookInfo', {});
  if (info.state !== 'done') return [fault(`${name}: Telegram does not tell its webhook`, 'Try again in a minute.')];
  return [ok(`${name} is known to Telegram`), ...aboutWebhook(config, { id, name, info: info.result })];
}

function aboutWebhook({ PUBLIC_URL }: Config, bot: { id: string; name: string; info: WebhookInfo }): Finding[] {
  const { id, name, info } = bot;
  const wanted = PUBLIC_URL ? PUBLIC_URL.replace(/\/$/, '') + WEBHOOK_PATH.replace(':bot', id) : '';
  const where = info.url === '' ? 'nowhere' : 'somewhere else';
  const todo = wanted
    ? 'Start a bot: it sets the webhook.'
    : 'Start a bot, which removes the webhook, or set PUBLIC_URL.';
  const findings = [must(info.url === wanted, `${name}: updates come to us`, `${name}: its updates go ${where}`, todo)];
  if (info.pending_update_count > MANY_WAITING) {
    const what = `${name}: ${info.pending_update_count} updates wait at Telegram`;
    findings.push(warning(what, 'Look at /ready and the logs of the bots, and at nginx.'));
  }
  if ((info.last_error_date ?? 0) > Date.now() / 1000 - RECENT_S) {
    const what = `${name}: a delivery failed within the hour (${info.last_error_message ?? 'no reason given'})`;
    findings.push(warning(what, 'Deliveries are repeated; if this stays, look at nginx and the certificate.'));
  }
  return findings;
}
