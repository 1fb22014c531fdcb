// The demo's page: two phones, the world outside and the counter, served from one small HTTP server. It keeps nothing
// itself: chats come from the sandbox's Telegram, money outside from the Lightning network's control interface (both are
// passed through, so that the page talks to one origin), and the counter from the function the demo gives.
import { readFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';

export interface CounterView {
  /** Those that live; `ageMs` is for how long. */
  instances: { id: string; kind: string; ageMs: number }[];
  queues: { name: string; waiting: number; active: number; failed: number }[];
  books: {
    /** Sums of all accounts of a currency, in its smallest unit (BTC: millisatoshi); zero when the books are right. */
    currencies: { code: string; sum: bigint | string }[];
    /** `held`: what of the balance is set aside. `name`: whose wallet it is, where that is known. */
    accounts: {
      code: string;
      balance: bigint | string;
      held: bigint | string;
      currency: string;
      name: string | null;
    }[];
    /** Whether the nodes hold at least what is owed; left out while unknown. */
    solvent?: boolean;
  };
}

export interface PhonesOptions {
  port?: number;
  telegramUrl: string;
  /** Whose phones are shown, as known to the sandbox's Telegram. */
  people: { id: number; first_name: string }[];
  botUsernames: string[];
  lightningControlUrl: string;
  /** Asked once a second by every open page. */
  counter: () => Promise<CounterView>;
  /** What the page says about the network underneath, such as "sandbox" and "regtest". */
  network: { kind: string; bitcoinNetwork: string };
}

export interface Phones {
  url: string;
  stop(): Promise<void>;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const POLICY = "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'";

/** Starts on 127.0.0.1; resolves when the page answers. */
export async function startPhones(options: PhonesOptions): Promise<Phones> {
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (path.startsWith('/people')) pass(agent, options.telegramUrl, request.url ?? '/', request, response);
    else if (path.startsWith('/lightning/')) {
      pass(agent, options.lightningControlUrl, (request.url ?? '/').slice('/lightning'.length), request, response);
    } else if (path === '/setup.json') answerJson(response, 200, describe(options));
    else if (path === '/counter.json') answerCounter(options, response);
    else answerPage(path, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

function describe({ people, botUsernames, network }: PhonesOptions): unknown {
  return { people, bots: botUsernames, network };
}

function answerCounter(options: PhonesOptions, response: ServerResponse): void {
  options.counter().then(
    (view) => answerJson(response, 200, view),
    (error: unknown) => answerJson(response, 503, { error: error instanceof Error ? error.message : String(error) }),
  );
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(text);
}

function answerPage(path: string, response: ServerResponse): void {
  const name = path === '/' ? 'index.html' : path.slice(1);
  const type = TYPES[extname(name)];
  // Only plain names: nothing outside the folder can be asked for.
  if (!type || !/^[a-z-]+\.[a-z]+$/.test(name)) {
    answerJson(response, 404, { error: `there is no ${path}` });
    return;
  }
  try {
    const body = readFileSync(new URL(`./page/${name}`, import.meta.url));
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache', 'content-security-policy': POLICY });
    response.end(body);
  } catch {
    answerJson(response, 404, { error: `there is no ${path}` });
  }
}

/** Hands a request on as it is, and its answer back as it comes (live events included). */
function pass(agent: http.Agent, base: string, path: string, request: IncomingMessage, response: ServerResponse): void {
  const { host: _, connection: __, ...headers } = request.headers;
  const target = new URL(base);
  const onward = http.request(
    { agent, host: target.hostname, port: target.port, method: request.method, path, headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    },
  );
  onward.on('error', (error) => {
    if (response.headersSent) response.destroy();
    else answerJson(response, 502, { error: `${target.host} does not answer: ${error.message}` });
  });
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}
