// The bots we answer to. A fleet has several names, since Telegram's pace is per bot; every instance serves all of them.
// A bot's username is asked of Telegram once, at the first need, so that a process starts also while Telegram is away.
import { createHmac } from 'node:crypto';
import { Unavailable } from '../../base/errors.ts';
import type { Metrics } from '../../base/metrics.ts';
import { type Api, createApi } from './api.ts';

export type Bot = {
  /** The number before the colon of the token: public, and for ever the same. */
  readonly id: string;
  /** What we call it everywhere else; people see it, links contain it. */
  readonly username: string;
  readonly api: Api;
  /** What Telegram sends along with each update, so that nobody else can. */
  readonly secret: string;
};

export type Bots = {
  readonly ids: readonly string[];
  /** Undefined when no bot of ours has this id. Throws Unavailable while Telegram does not tell its name. */
  byId(id: string): Promise<Bot | undefined>;
  /** Undefined when no bot of ours has this username. Throws Unavailable while Telegram does not tell all names. */
  byName(username: string): Promise<Bot | undefined>;
  all(): Promise<readonly Bot[]>;
  /** The secret of a bot's webhook, without asking anyone. */
  secretOf(id: string): string | undefined;
};

type Settings = {
  readonly TELEGRAM_BOTS: readonly string[];
  readonly TELEGRAM_API_ROOT: string;
  readonly APP_SECRET: string;
};

/**
 * Makes the registry from the configuration's tokens; calls nobody yet.
 * @param metrics is told of every call to Telegram.
 */
export function createBots(config: Settings, metrics?: Metrics): Bots {
  const known = new Map<string, Bot>();
  const asked = new Map<string, Promise<Bot>>();
  const tokens = new Map(config.TELEGRAM_BOTS.map((token) => [token.slice(0, token.indexOf(':')), token] as const));
  const secrets = new Map([...tokens.keys()].map((id) => [id, webhookSecret(config.APP_SECRET, id)] as const));

  const ask = async (id: string, token: string): Promise<Bot> => {
    const api = createApi({ token, apiRoot: config.TELEGRAM_API_ROOT, metrics });
    const answer = await api.call<{ username: string }>('getMe', {});
    if (answer.state !== 'done') throw new Unavailable(`Telegram bot ${id}`);
    const bot = { id, username: answer.result.username, api, secret: secrets.get(id) ?? '' };
    known.set(id, bot);
    return bot;
  };
  const byId = async (id: string): Promise<Bot | undefined> => {
    const token = tokens.get(id);
    const found = known.get(id);
    if (found || token === undefined) return found;
    let asking = asked.get(id);
    if (!asking) {
      asking = ask(id, token).finally(() => asked.delete(id));
      asked.set(id, asking);
    }
    return asking;
  };
  const all = async (): Promise<readonly Bot[]> => {
    const bots = await Promise.all([...tokens.keys()].map(byId));
    return bots.filter((bot) => bot !== undefined);
  };
  return {
    ids: [...tokens.keys()],
    byId,
    async byName(username) {
      for (const bot of known.values()) if (bot.username === username) return bot;
      return (await all()).find((bot) => bot.username === username);
    },
    all,
    secretOf: (id) => secrets.get(id),
  };
}

/** Whether Telegram answers for each of our bots; being asked to wait is an answer. Throws Unavailable, as `all`. */
export async function isAnswering(bots: Bots): Promise<boolean> {
  const answers = await Promise.all((await bots.all()).map(({ api }) => api.call('getMe', {})));
  return answers.every(({ state }) => state === 'done' || state === 'wait');
}

/** The secret of one bot's webhook, the same on every instance and of no use for another bot. */
export function webhookSecret(appSecret: string, botId: string): string {
  return createHmac('sha256', appSecret).update(`telegram webhook of ${botId}`).digest('hex');
}
