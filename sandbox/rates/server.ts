// A server that speaks the wire formats of all five price sources, from one market that walks at random from a seed.
// Tests and the demo move the market and break single sources through the returned handle or over HTTP (/control).
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bend, type Fault, refusalOf } from './faults.ts';
import { MARKET_PAIRS, type MarketPair, startMarket } from './market.ts';
import { type PriceOf, type SandboxSource, SOURCE_NAMES, SPEAKERS } from './sources.ts';

export type RatesSandbox = {
  url: string;
  /** The base address to give each source. */
  urls: Record<SandboxSource, string>;
  price(pair: MarketPair): number;
  set(pair: MarketPair, price: number): void;
  shift(pair: MarketPair, bps: number): void;
  freeze(pair: MarketPair, frozen?: boolean): void;
  /** Switches a fault of one source on, or off when none is given. */
  fault(source: SandboxSource, fault?: Fault): void;
  /** How often each source was asked so far. */
  asked(): Record<SandboxSource, number>;
  stop(): Promise<void>;
};

export type RatesSandboxOptions = {
  port?: number;
  seed?: number;
  /** The time that sources claim; the host's by default. */
  nowMs?: () => number;
  /** Walks one step this often; 0 holds the market still. */
  stepMs?: number;
};

/** Starts the server on 127.0.0.1, on a free port unless one is given. */
export async function startRates(options: RatesSandboxOptions = {}): Promise<RatesSandbox> {
  const { port = 0, seed = 1, nowMs = Date.now, stepMs = 1_000 } = options;
  const market = startMarket(seed);
  const faults = new Map<SandboxSource, { fault: Fault; frozen: Map<MarketPair, number> }>();
  const asked = Object.fromEntries(SOURCE_NAMES.map((name) => [name, 0])) as Record<SandboxSource, number>;
  const handle = {
    price: market.price,
    set: market.set,
    shift: market.shift,
    freeze: (pair: MarketPair, frozen = true) => market.freeze(pair, frozen),
    fault(source: SandboxSource, fault?: Fault) {
      const frozen = new Map(MARKET_PAIRS.map((pair) => [pair, market.price(pair)]));
      if (fault) faults.set(source, { fault, frozen });
      else faults.delete(source);
    },
    asked: () => ({ ...asked }),
  };

  function answer(source: SandboxSource, path: string, query: URLSearchParams, response: ServerResponse): void {
    asked[source] += 1;
    const { fault, frozen } = faults.get(source) ?? {};
    if (fault?.kind === 'hang') return;
    const price: PriceOf = fault?.kind === 'frozen' ? (pair) => frozen?.get(pair) : market.price;
    const claimedMs = nowMs() - (fault?.kind === 'old' ? fault.byMs : 0);
    const refusal = refusalOf(source, fault);
    const { status, body } = refusal ?? SPEAKERS[source].speak(path, query, bend(price, fault), claimedMs);
    response.setHeader('date', new Date(claimedMs).toUTCString());
    for (const [name, value] of Object.entries(refusal?.headers ?? {})) response.setHeader(name, value);
    const text = refusal?.html ? String(body) : JSON.stringify(body);
    const type = refusal?.html ? 'text/html; charset=UTF-8' : 'application/json; charset=utf-8';
    if (fault?.kind === 'endless') endless(response);
    else send(response, status, type, fault?.kind === 'broken_json' ? text.slice(0, -9) : text);
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox');
    if (pathname.startsWith('/control/')) return void control(handle, pathname, request, response);
    const source = SOURCE_NAMES.find((name) => pathname.startsWith(`${SPEAKERS[name].prefix}/`));
    if (!source) return send(response, 404, 'text/plain', 'no such source');
    answer(source, pathname.slice(SPEAKERS[source].prefix.length), searchParams, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const timer = stepMs > 0 ? setInterval(() => market.step(), stepMs) : undefined;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...handle,
    url,
    urls: Object.fromEntries(SOURCE_NAMES.map((name) => [name, url + SPEAKERS[name].prefix])) as RatesSandbox['urls'],
    stop() {
      clearInterval(timer);
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

type Handle = Pick<RatesSandbox, 'price' | 'set' | 'shift' | 'freeze' | 'fault' | 'asked'>;

/** `POST /control/set|shift|freeze|fault` with a JSON body of the arguments by name; `GET /control/state`. */
async function control(
  handle: Handle,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (path !== '/control/state') {
      let text = '';
      for await (const chunk of request) text += chunk;
      const { pair, price, bps, frozen, source, fault } = JSON.parse(text || '{}');
      if (path === '/control/fault' ? !SOURCE_NAMES.includes(source) : !MARKET_PAIRS.includes(pair)) {
        return send(response, 400, 'text/plain', 'no such pair or source');
      }
      if (path === '/control/set') handle.set(pair, Number(price));
      else if (path === '/control/shift') handle.shift(pair, Number(bps));
      else if (path === '/control/freeze') handle.freeze(pair, frozen !== false);
      else if (path === '/control/fault') handle.fault(source, fault ?? undefined);
      else return send(response, 404, 'text/plain', 'no such control');
    }
    const prices = Object.fromEntries(MARKET_PAIRS.map((pair) => [pair, handle.price(pair)]));
    send(response, 200, 'application/json', JSON.stringify({ prices, asked: handle.asked() }));
  } catch (error) {
    send(response, 400, 'text/plain', String(error));
  }
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}

/** A body that does not end: more of it as long as it is read. */
function endless(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const more = () => {
    while (!response.destroyed && response.write(' '.repeat(65_536)));
  };
  response.on('drain', more);
  more();
}
