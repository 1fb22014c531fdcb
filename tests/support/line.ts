// A line to a server that can be held: what was sent meanwhile waits, as in a kernel that sends again until it gets
// through, and arrives when the line is let go, whatever became of the sender.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type Line = {
  /** `localhost:port`. */
  readonly socket: string;
  hold(): void;
  letGo(): void;
  /** How many bytes reached the server since it was let go. */
  arrived(): number;
  close(): Promise<void>;
};

/** @param to `host:port` of the server. */
export async function lineTo(to: string): Promise<Line> {
  const [host, port] = [to.slice(0, to.lastIndexOf(':')), Number(to.slice(to.lastIndexOf(':') + 1))];
  const pairs = new Set<readonly [Socket, Socket]>();
  let isHeld = false;
  let bytes = 0;
  const server = createServer((near) => {
    const far = connect(port, host);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const end of pair) {
      end.on('error', () => {});
      end.once('close', () => {
        for (const each of pair) each.destroy();
        pairs.delete(pair);
      });
    }
    if (isHeld) near.pause();
    near.on('data', (chunk) => {
      bytes += chunk.length;
      far.write(chunk);
    });
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    socket: `localhost:${(server.address() as AddressInfo).port}`,
    hold() {
      isHeld = true;
      for (const [near] of pairs) near.pause();
    },
    letGo() {
      isHeld = false;
      bytes = 0;
      for (const [near] of pairs) near.resume();
    },
    arrived: () => bytes,
    async close() {
      for (const pair of pairs) for (const end of pair) end.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
