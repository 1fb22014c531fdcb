// The HTTP door: plain handlers behind paths, each request with its own trace id. Bodies are kept as the bytes that came
// (signatures are made over bytes) and are at most 1 MB; a handler that throws gives a 500 with the trace id and nothing
// else, since an error's text is not for strangers. Promise: closing it loses no request that was read, and answers none
// with a refusal: whoever comes later meets a closed door, and goes to the next instance.
import { BlockList } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Ids } from '../base/ids.ts';
import type { Log } from '../base/logger.ts';
import { isTrace, withTrace } from '../base/trace.ts';

export type HttpRequest = {
  readonly rawBody: Buffer;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly ip: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly traceId: string;
};

/** A string or bytes are sent as they are, any other body as JSON. */
export type HttpAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

export type HttpHandler = (request: HttpRequest) => Promise<HttpAnswer>;

export type HttpServer = {
  /** Adds a path before `listen`; parts like `:bot` become `params`, and whatever follows a final `/` as `*` too. */
  route(method: 'GET' | 'POST' | 'PUT', path: string, handler: HttpHandler): void;
  /** Gives the port that was taken (asked for with 0, a free one). */
  listen(port: number, host: string): Promise<number>;
  /**
   * Takes no new connections from this moment on, closes those that are idle, answers what is being asked and ends each
   * of these connections with its answer; then resolves.
   */
  close(): Promise<void>;
};

const BODY_LIMIT_BYTES = 1024 * 1024;
const EMPTY = Buffer.alloc(0);
/** Set by nginx, in place of what a caller may have sent. */
const TRACE_HEADER = 'x-request-id';

// Where nginx stands: this machine, or a network without a way in.
const near = new BlockList();
near.addSubnet('127.0.0.0', 8, 'ipv4');
near.addSubnet('10.0.0.0', 8, 'ipv4');
near.addSubnet('172.16.0.0', 12, 'ipv4');
near.addSubnet('192.168.0.0', 16, 'ipv4');
near.addAddress('::1', 'ipv6');
near.addSubnet('fc00::', 7, 'ipv6');

/** Makes a server that does not listen yet. */
export function createServer({ log, ids }: { log: Log; ids: Ids }): HttpServer {
  const app: FastifyInstance = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    // nginx stands before us and names the caller.
    trustProxy: 'loopback,linklocal,uniquelocal',
    // Idle keep-alive connections of nginx must not hold up our end.
    forceCloseConnections: 'idle',
    // What was read is answered, also while we end: nginx takes a refusal for our answer and asks nobody else.
    return503OnClosing: false,
    logger: false,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'There is nothing here.' }));
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error('http request failed', { error });
    return reply
      .code(status)
      .send({ error: status === 413 ? 'The body is too large.' : 'The request cannot be read.' });
  });

  let closing = false;
  return {
    route(method, path, handler) {
      app.route({
        method,
        url: path,
        handler: (request, reply) => {
          const traceId = traceOf(request) ?? ids.next();
          return withTrace(traceId, () => serve({ log, handler, traceId, isClosing: () => closing }, request, reply));
        },
      });
    },
    async listen(port, host) {
      await app.listen({ port, host });
      const address = app.server.address();
      return typeof address === 'object' && address ? address.port : port;
    },
    async close() {
      closing = true;
      await app.close();
    },
  };
}

/** The trace id that nginx has given the request and written into its log. */
function traceOf({ headers, socket }: FastifyRequest): string | undefined {
  const given = headers[TRACE_HEADER];
  if (!isTrace(given)) return undefined;
  const { remoteAddress = '', remoteFamily } = socket;
  // As an address of the older kind is told on a socket of the newer one.
  const address = remoteAddress.replace(/^::ffff:/, '');
  const family = remoteFamily === 'IPv6' && address === remoteAddress ? 'ipv6' : 'ipv4';
  return near.check(address, family) ? given : undefined;
}

type Serving = { log: Log; handler: HttpHandler; traceId: string; isClosing: () => boolean };

async function serve(
  { log, handler, traceId, isClosing }: Serving,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  try {
    const answer = await handler({
      rawBody: Buffer.isBuffer(request.body) ? request.body : EMPTY,
      headers: request.headers,
      // Looked up when it is asked for: it means reading the headers of every proxy.
      get ip() {
        return request.ip;
      },
      params: request.params as Record<string, string>,
      query: request.query as Record<string, string>,
      traceId,
    });
    reply.code(answer.status);
    if (answer.headers) reply.headers(answer.headers);
    // Asked now, for it may have begun to close since the question came.
    if (isClosing()) reply.header('connection', 'close');
    return reply.send(answer.body);
  } catch (error) {
    log.error('http handler failed', { method: request.method, path: request.routeOptions.url, error });
    if (isClosing()) reply.header('connection', 'close');
    return reply.code(500).send({ error: 'Something went wrong here.', trace: traceId });
  }
}
