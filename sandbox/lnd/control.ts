// Steering a Lightning network over HTTP on loopback, for the demo's page and for tests: nodes come and go, meet
// faults, and the wallet elsewhere makes, pays, settles and refuses invoices. JSON in, JSON out; errors are
// {"error": one sentence} with 400.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { readFaults } from './faults.ts';
import type { LightningNetwork } from './lightning-network.ts';
import type { SandboxLightning } from './network.ts';
import { OutsideWallet } from './outside.ts';

const BODY_LIMIT = 65_536;
const OUTSIDE = 'carol';

type Body = Record<string, unknown>;
type Route = (alias: string, body: Body) => unknown;

/** Listens on 127.0.0.1. The routes are named in the table below. */
export async function serveControl(network: LightningNetwork, port: number): Promise<Server> {
  const routes = makeRoutes(network);
  const server = createServer((request, answer) => {
    respond(routes, request)
      .then(
        (result) => ({ status: 200, result: result ?? { ok: true } }),
        (error) => ({ status: 400, result: { error: sentence(error) } }),
      )
      .then(({ status, result }) => {
        answer.writeHead(status, { 'content-type': 'application/json' });
        answer.end(JSON.stringify(result));
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
  return server;
}

function makeRoutes(network: LightningNetwork): Record<string, Route> {
  const node = network.nodes[OUTSIDE];
  if (!node) throw new Error(`the network has no ${OUTSIDE}`);
  const outside = new OutsideWallet(node, network.dir);
  const sandbox = (): SandboxLightning => {
    if (network.kind !== 'sandbox') throw new Error('real nodes cannot be given faults; kill or pause them');
    return network as SandboxLightning;
  };
  return {
    'GET /nodes': () =>
      Object.values(network.nodes).map(({ alias, socket, pubkey }) => ({
        alias,
        socket,
        pubkey,
        running: network.isRunning(alias),
        ...(network.kind === 'sandbox' ? { faults: sandbox().faults(alias) } : {}),
      })),
    'POST /nodes/:alias/stop': (alias) => network.kill(alias),
    'POST /nodes/:alias/start': (alias) => network.start(alias),
    'POST /nodes/:alias/pause': (alias) => network.pause(alias),
    'POST /nodes/:alias/resume': (alias) => network.resume(alias),
    'POST /nodes/:alias/faults': (alias, body) => {
      sandbox().setFaults(alias, readFaults(body));
      return sandbox().faults(alias);
    },
    'POST /nodes/:alias/drop-connections': (alias) => sandbox().dropConnections(alias),
    'POST /nodes/:alias/restart-settle-index': (alias) => sandbox().restartSettleIndex(alias),
    [`GET /nodes/${OUTSIDE}/balance`]: () => outside.balance(),
    [`GET /nodes/${OUTSIDE}/invoices`]: () => outside.invoices(),
    [`GET /nodes/${OUTSIDE}/payments`]: () => outside.payments(),
    [`POST /nodes/${OUTSIDE}/invoices`]: (_alias, body) =>
      outside.makeInvoice({
        ...amountOf(body),
        memo: String(body.memo ?? ''),
        hold: body.hold === true,
        expiresInS: Number(body.expiresInS ?? 3600),
      }),
    [`POST /nodes/${OUTSIDE}/pay`]: (_alias, body) =>
      outside.pay({
        ...amountOf(body),
        request: String(body.request ?? ''),
        ...(body.waitMs === undefined ? {} : { waitMs: Number(body.waitMs) }),
      }),
    [`POST /nodes/${OUTSIDE}/settle`]: (_alias, body) => outside.settle(String(body.hash ?? '')),
    [`POST /nodes/${OUTSIDE}/cancel`]: (_alias, body) => outside.cancel(String(body.hash ?? '')),
  };
}

/** An amount in whole sats or in millisatoshis, a number or a decimal string. */
function amountOf(body: Body): { amountMsat?: bigint } {
  if (body.amountMsat !== undefined) return { amountMsat: BigInt(String(body.amountMsat)) };
  if (body.amountSat !== undefined) return { amountMsat: BigInt(String(body.amountSat)) * 1000n };
  return {};
}

async function respond(routes: Record<string, Route>, request: IncomingMessage): Promise<unknown> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const [, , alias = ''] = path.split('/');
  const exact = routes[`${request.method} ${path}`];
  const route = exact ?? routes[`${request.method} ${path.replace(`/nodes/${alias}/`, '/nodes/:alias/')}`];
  if (!route) throw new Error(`there is no ${request.method} ${path}`);
  return route(alias, await readBody(request));
}

async function readBody(request: IncomingMessage): Promise<Body> {
  let text = '';
  for await (const part of request) {
    text += part;
    if (text.length > BODY_LIMIT) throw new Error('the body is too long');
  }
  const body: unknown = text ? JSON.parse(text) : {};
  if (typeof body !== 'object' || body === null) throw new Error('the body is not a JSON object');
  return body as Body;
}

function sentence(error: unknown): string {
  if (error instanceof Error) return error.message;
  const [, name, rest] = Array.isArray(error) ? error : [];
  return rest?.err?.details ?? name ?? String(error);
}
