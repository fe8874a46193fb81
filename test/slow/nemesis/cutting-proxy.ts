/** A TCP proxy whose connections can be cut, as by a bad network or a restarted reverse proxy. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { SeededRandom } from '../../fixtures/isolation/random.js';

export class CuttingProxy {
  readonly #target: URL;
  readonly #random: SeededRandom;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #cutShare = 0;

  constructor(target: URL, random: SeededRandom) {
    this.#target = target;
    this.#random = random;
  }

  get url(): URL {
    const url = new URL(this.#target);
    url.port = String(this.#port);
    return url;
  }

  /** Listens; after a `stop`, at the same port again. */
  async start(): Promise<void> {
    const server = createServer({ noDelay: true }, (client) => this.#join(client));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Cuts every connection and refuses new ones. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  /** From now on, this share of the chunks from the server is passed on only in part, and the connection is cut. */
  cutPieces(share: number): void {
    this.#cutShare = share;
  }

  #join(client: Socket): void {
    const server = connect({ port: Number(this.#target.port), host: this.#target.hostname, noDelay: true });
    const pair = [client, server] as const;
    for (const socket of pair) {
      this.#sockets.add(socket);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        for (const other of pair) other.destroy();
      });
      // Broken connections are intended here; `close` follows.
      socket.on('error', () => undefined);
    }
    client.pipe(server);
    server.on('data', (piece) => {
      if (this.#random.chance(this.#cutShare)) this.#cut(client, server, piece);
      else if (!client.write(piece)) {
        server.pause();
        client.once('drain', () => server.resume());
      }
    });
    server.on('end', () => client.end());
  }

  /** Passes on a part of the chunk, then sends FIN to the client, or RST to both. */
  #cut(client: Socket, server: Socket, piece: Buffer): void {
    client.write(piece.subarray(0, this.#random.below(piece.length + 1)), () => {
      if (this.#random.chance(0.5)) client.resetAndDestroy();
      else client.destroy();
      server.destroy();
    });
  }
}
