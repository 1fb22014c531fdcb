// Delivers a bot's updates to its webhook as Telegram does: one queue per chat (presses: per user), the next update of a
// queue only after the last was answered 2xx, many queues at once up to max_connections, failures tried again after
// 0, 2, 4, 8 ... 60 seconds until the update expires. A 2xx answer may carry one call to be executed.
import http from 'node:http';
import https from 'node:https';
import type { Bot, Pending, State, WebhookSettings } from './state.ts';

interface Queue {
  key: string;
  items: Pending[];
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

interface Outcome {
  ok: boolean;
  error?: string;
  retryAfterSeconds?: number;
}

export type ExecuteReply = (body: Buffer, contentType: string | undefined) => void;

const SHUFFLE_MS = 30;

export class Delivery {
  readonly #state: State;
  readonly #bot: Bot;
  readonly #settings: WebhookSettings;
  readonly #execute: ExecuteReply;
  readonly #queues: Map<string, Queue> = new Map();
  readonly #options: http.RequestOptions;
  readonly #headers: Record<string, string | number>;
  readonly #request: typeof http.request;
  #ready: Queue[] = [];
  #shuffled: Queue[] = [];
  #shuffleTimer: NodeJS.Timeout | undefined;
  #active = 0;
  #closed = false;

  constructor(state: State, bot: Bot, settings: WebhookSettings, execute: ExecuteReply) {
    this.#state = state;
    this.#bot = bot;
    this.#settings = settings;
    this.#execute = execute;
    const url = new URL(settings.url);
    const secure = url.protocol === 'https:';
    this.#request = secure ? https.request : http.request;
    const agentOptions = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, scheduling: 'fifo' as const };
    this.#options = {
      host: url.hostname,
      port: url.port || (secure ? 443 : 80),
      path: url.pathname + url.search,
      method: 'POST',
      agent: secure ? new https.Agent(agentOptions) : new http.Agent(agentOptions),
      timeout: state.answerLimitMs,
    };
    this.#headers = { host: url.host, 'content-type': 'application/json', 'accept-encoding': 'gzip, deflate' };
    if (settings.secret) this.#headers['x-telegram-bot-api-secret-token'] = settings.secret;
    if (url.username) {
      const login = Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`);
      this.#headers.authorization = `Basic ${login.toString('base64')}`;
    }
    for (const pending of bot.pending.values()) this.add(pending);
  }

  add(pending: Pending): void {
    if (this.#closed) return;
    const shuffle = this.#state.faults.shuffleCallbacks && pending.kind === 'callback_query';
    const key = shuffle ? `${pending.queue}:${pending.id}` : pending.queue;
    const queue = this.#queues.get(key);
    if (queue) {
      queue.items.push(pending);
      return;
    }
    const made: Queue = { key, items: [pending], failures: 0, timer: undefined };
    this.#queues.set(key, made);
    if (shuffle) {
      this.#shuffled.unshift(made);
      this.#shuffleTimer ??= setTimeout(() => {
        this.#shuffleTimer = undefined;
        this.#ready.unshift(...this.#shuffled.splice(0));
        this.#pump();
      }, SHUFFLE_MS);
      return;
    }
    this.#ready.push(made);
    this.#pump();
  }

  /** Ends all deliveries; what was not acknowledged stays with the bot. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#shuffleTimer);
    for (const queue of this.#queues.values()) clearTimeout(queue.timer);
    this.#queues.clear();
    this.#ready = [];
    (this.#options.agent as http.Agent).destroy();
  }

  #pump(): void {
    while (this.#active < this.#settings.maxConnections) {
      const queue = this.#ready.shift();
      if (!queue) return;
      this.#deliver(queue);
    }
  }

  #deliver(queue: Queue): void {
    const nowMs = Date.now();
    while (queue.items[0] && queue.items[0].expiresAt <= nowMs) this.#drop(queue);
    const pending = queue.items[0];
    if (!pending) {
      this.#queues.delete(queue.key);
      return;
    }
    this.#active++;
    this.#send(pending, (outcome) => {
      this.#active--;
      if (this.#closed) return;
      if (outcome.ok) this.#delivered(queue);
      else this.#failed(queue, outcome);
      this.#pump();
    });
    for (let copy = 0; copy < this.#state.faults.duplicate; copy++) this.#send(pending, () => {});
  }

  #delivered(queue: Queue): void {
    this.#drop(queue);
    queue.failures = 0;
    if (queue.items.length > 0) this.#ready.push(queue);
    else this.#queues.delete(queue.key);
  }

  #drop(queue: Queue): void {
    const pending = queue.items.shift();
    if (pending) this.#bot.pending.delete(pending.id);
    this.#state.touch();
  }

  #failed(queue: Queue, outcome: Outcome): void {
    queue.failures++;
    this.#settings.lastErrorDate = Math.floor(Date.now() / 1000);
    this.#settings.lastErrorMessage = outcome.error ?? 'Unknown error';
    const waitSeconds = outcome.retryAfterSeconds ?? backoffSeconds(queue.failures);
    if (waitSeconds === 0) {
      this.#ready.push(queue);
      return;
    }
    queue.timer = setTimeout(
      () => {
        queue.timer = undefined;
        this.#ready.push(queue);
        this.#pump();
      },
      waitSeconds * 1000 * this.#state.retryClock,
    );
  }

  #send(pending: Pending, done: (outcome: Outcome) => void): void {
    const headers = { ...this.#headers, 'content-length': Buffer.byteLength(pending.body) };
    let settled = false;
    const settle = (outcome: Outcome) => {
      if (settled) return;
      settled = true;
      done(outcome);
    };
    const request = this.#request({ ...this.#options, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => settle({ ok: false, error: error.message }));
      response.on('end', () => {
        const outcome = judge(response);
        if (outcome.ok && chunks.length > 0) this.#execute(Buffer.concat(chunks), response.headers['content-type']);
        settle(outcome);
      });
    });
    request.on('timeout', () => request.destroy(new Error('Read timeout expired')));
    request.on('error', (error: NodeJS.ErrnoException) => settle({ ok: false, error: describe(error) }));
    request.end(pending.body);
  }
}

function judge(response: http.IncomingMessage): Outcome {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return { ok: true };
  const error = `Wrong response from the webhook: ${status} ${response.statusMessage ?? ''}`.trim();
  const header = Number(response.headers['retry-after']);
  const honoured = response.headers['retry-after'] !== undefined && header >= 0 && header <= 3600;
  return honoured ? { ok: false, error, retryAfterSeconds: header } : { ok: false, error };
}

function describe(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'Connection refused';
  if (error.code === 'ECONNRESET') return 'Connection reset by peer';
  return error.message;
}

/** The wait after the n-th failure in a row: none, then 2, 4, 8 ... and from 60 on somewhere between 60 and 120 seconds. */
function backoffSeconds(failures: number): number {
  if (failures === 1) return 0;
  const doubled = 2 ** (failures - 1);
  return doubled < 60 ? doubled : 60 + Math.random() * 60;
}
