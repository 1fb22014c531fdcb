// JSON over TLS to a server of the test network on 127.0.0.1: btcd's RPC and LND's REST.
import { Agent, request } from 'node:https';

export type JsonRequest = {
  port: number;
  method: 'GET' | 'POST';
  path: string;
  /** The server's own certificate, PEM. */
  ca: string;
  headers?: Record<string, string>;
  /** "user:password" */
  auth?: string;
  body?: unknown;
  timeoutMs?: number;
};

const agent = new Agent({ keepAlive: true });

/** One request. Resolves with status and parsed body; rejects when there was no answer, or one that is not JSON. */
export function requestJson(given: JsonRequest): Promise<{ status: number; body: unknown }> {
  const { port, method, path, ca, headers, auth, body, timeoutMs = 30_000 } = given;
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, ca, headers, auth, agent, timeout: timeoutMs };
    const sent = request(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => {
        text += part;
      });
      answer.on('end', () => {
        try {
          resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) });
        } catch {
          reject(new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 200)}`));
        }
      });
      answer.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in ${timeoutMs} ms`)));
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
