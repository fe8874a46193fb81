/** A gateway without listeners, inside of a server of the test's own. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { createGateway, type EmbeddedGateway, type ProgramOptions } from '../../src/index.js';
import { afterThisTest } from './cleanup.js';
import { withDeadline } from './deadline.js';
import { type GatewayOptions, withDefaults } from './gateway.js';
import { RawClient, type RawClientOptions } from './raw-client.js';

const KILL_DEADLINE_MS = 30_000;

export interface Embedding {
  readonly gateway: EmbeddedGateway;
  readonly app: Express;
  readonly server: Server;
  /** The address of a path on the server. */
  url(path: string): URL;
  /** A raw client of an endpoint; its sockets are destroyed after the test. */
  client(path: string, options?: RawClientOptions): RawClient;
}

/**
 * For all tests of a `describe`.
 * @param mount adds what serves requests to the app
 */
export function sharedEmbedding(
  options: Partial<GatewayOptions & ProgramOptions>,
  mount: (app: Express, gateway: EmbeddedGateway) => void,
): () => Embedding {
  let embedding: Embedding | undefined;
  before('start a server with a gateway in it', async () => {
    const gateway = await createGateway({ ...withDefaults(options), listen: false });
    const app = express();
    mount(app, gateway);
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = (path: string): URL => new URL(path, `http://127.0.0.1:${port}`);
    const client = (path: string, clientOptions: RawClientOptions = {}): RawClient => {
      const made = new RawClient(url(path), clientOptions);
      afterThisTest(() => made.destroy());
      return made;
    };
    embedding = { gateway, app, server, url, client };
  });
  after('stop them', async () => {
    if (embedding === undefined) return;
    const { gateway, server } = embedding;
    embedding = undefined;
    await withDeadline(gateway.kill(), 'gateway.kill()', KILL_DEADLINE_MS);
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return () => {
    if (embedding === undefined) throw new Error('The server runs only while a test does.');
    return embedding;
  };
}
