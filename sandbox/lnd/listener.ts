// A sandbox node's door: TLS on its port, opened and closed as the node comes and goes, always the same port. The
// connections are ours, so that they can be cut at any moment, as a network or a dying program cuts them.
import { readFileSync } from 'node:fs';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { type ConnectionInjector, ServerCredentials } from '@grpc/grpc-js';
import type { SandboxNode } from './node.ts';
import { makeServer, type Served } from './rpc.ts';

export class Listener {
  readonly port: number;
  readonly #injector: ConnectionInjector;
  readonly #sockets = new Set<Socket>();
  #door: NetServer | undefined;

  constructor(given: { node: SandboxNode; served: Served; port: number }) {
    const { node, served, port } = given;
    this.port = port;
    const pair = { private_key: readFileSync(node.files.key), cert_chain: readFileSync(node.files.cert) };
    this.#injector = makeServer(node, served).createConnectionInjector(ServerCredentials.createSsl(null, [pair]));
    node.dropConnections = () => this.dropConnections();
  }

  /** Begins to listen; rejects when somebody else has the port. */
  async open(): Promise<void> {
    const door = createServer((socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
      this.#injector.injectConnection(socket);
    });
    this.#door = door;
    await new Promise<void>((resolve, reject) => {
      door.once('error', reject);
      door.listen(this.port, '127.0.0.1', () => resolve());
    });
  }

  /** Cuts every connection; new ones are welcome. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Closes the door and cuts every connection. */
  async close(): Promise<void> {
    const door = this.#door;
    if (!door) return;
    this.#door = undefined;
    const closed = new Promise<void>((resolve) => door.close(() => resolve()));
    this.dropConnections();
    await closed;
  }
}
