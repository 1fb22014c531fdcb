// A wire between two parts of a fleet that a test can cut, or fill with silence: a plain relay of bytes, so that what
// goes over it is as encrypted as ever. What is sent into a silence comes out when it ends, as TCP brings it.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type Wire = {
  /** "localhost:PORT", in place of the target's own address. */
  readonly socket: string;
  readonly port: number;
  /** Breaks every connection and takes no new one. */
  cut(): void;
  /** Every connection stays, also a new one, and nothing comes through. */
  silence(): void;
  mend(): void;
  close(): Promise<void>;
};

/** @param target "host:port". */
export async function layWire(target: string): Promise<Wire> {
  const [host = '', port = ''] = target.split(':');
  const ends = new Set<Socket>();
  let state: 'open' | 'cut' | 'silent' = 'open';
  let held: (() => void)[] = [];
  const later = (run: () => void) => (state === 'silent' ? void held.push(run) : run());
  const server = createServer((near) => {
    if (state === 'cut') return void near.destroy();
    const far = connect(Number(port), host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(one);
      one.setNoDelay(true);
      one.on('error', () => {});
      one.on('data', (bytes) => later(() => pass(bytes, one, other)));
      one.on('end', () => later(() => other.end()));
      one.on('close', () => {
        ends.delete(one);
        later(() => other.destroy());
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakAll = () => {
    held = [];
    for (const end of ends) end.destroy();
  };
  const own = (server.address() as AddressInfo).port;
  return {
    socket: `localhost:${own}`,
    port: own,
    cut() {
      state = 'cut';
      breakAll();
    },
    silence() {
      state = 'silent';
    },
    mend() {
      state = 'open';
      for (const run of held.splice(0)) run();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      state = 'cut';
      breakAll();
      await closed;
    },
  };
}

function pass(bytes: Buffer, from: Socket, to: Socket): void {
  if (to.destroyed || to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
  to.once('close', () => from.resume());
}
