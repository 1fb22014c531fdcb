// The Bot API's wire for everything but files: one JSON text each way, over connections that stay open. It is written
// for being called for every message: the request leaves in one write, and nothing is made that is not needed.
import http from 'node:http';
import https from 'node:https';

export type Posted = { readonly status: number; readonly text: string };

/** Posts a JSON text to a method of the Bot API. Rejects with the connection's error, or when `signal` aborts. */
export type Post = (method: string, json: string, signal: AbortSignal) => Promise<Posted>;

/** @param apiRoot the server's address, ending in a slash. */
export function createWire(apiRoot: string, token: string): Post {
  const root = new URL(apiRoot);
  const { request, Agent } = root.protocol === 'https:' ? https : http;
  const server = {
    // An address in brackets is known without them.
    host: root.hostname.replace(/^\[|\]$/g, ''),
    port: root.port || undefined,
    agent: new Agent({ keepAlive: true }),
    method: 'POST',
  };
  const path = `${root.pathname}bot${token}/`;
  return (method, json, signal) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) };
      const call = request({ ...server, path: path + method, headers });
      const giveUp = () => call.destroy(new Error('given up'));
      const end = () => signal.removeEventListener('abort', giveUp);
      const fail = (error: Error) => {
        end();
        reject(error);
      };
      call.on('error', fail);
      call.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          end();
          resolve({ status: response.statusCode ?? 0, text: textOf(chunks) });
        });
      });
      signal.addEventListener('abort', giveUp);
      call.end(json);
    });
}

function textOf(chunks: readonly Buffer[]): string {
  const [only] = chunks;
  return (only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks)).toString();
}
