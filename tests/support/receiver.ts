// A server of somebody else's on this machine: it keeps what is posted to it and answers as a test wants.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Posted = { readonly path: string; readonly body: Record<string, unknown> };

export type Receiver = {
  readonly url: string;
  readonly posted: Posted[];
  /** What was posted to one path. */
  at(path: string): Record<string, unknown>[];
  /** Gives the status for the next posts, or `cut` to say nothing at all; may wait. */
  answer: (posted: Posted) => Promise<number | 'cut'> | number | 'cut';
  close(): Promise<void>;
};

export async function startReceiver(): Promise<Receiver> {
  const posted: Posted[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one = { path: request.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString()) };
    posted.push(one);
    const status = await receiver.answer(one);
    if (status === 'cut') response.destroy();
    else response.writeHead(status, { 'content-type': 'text/plain' }).end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posted,
    at: (path) => posted.filter((one) => one.path === path).map(({ body }) => body),
    answer: () => 202,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
