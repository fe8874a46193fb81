/** The client of the SDK's version 2, over HTTP, and over stdio with a command of `bulkhead` as its server. */
import { join } from 'node:path';
import {
  Client,
  type ClientCapabilities,
  type ClientOptions,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterThisTest } from './cleanup.js';
import { RUN_MARKER } from './left-behind.js';
import { buildRoot } from './project.js';

/** How it finds out which era the server is of. */
export type Mode = NonNullable<NonNullable<ClientOptions['versionNegotiation']>['mode']>;

/** Not connected yet. Who connects it closes it. */
export function newSdk2(mode: Mode, capabilities: ClientCapabilities = {}): Client {
  return new Client(
    { name: 'sdk2-client', version: '2.4.0' },
    { capabilities, versionNegotiation: { mode } },
  );
}

/**
 * For the current test.
 * @param prepare sets handlers before the client connects
 */
export async function connectSdk2(
  transport: Transport,
  mode: Mode,
  capabilities: ClientCapabilities = {},
  prepare: (client: Client) => void = () => {},
): Promise<Client> {
  const client = newSdk2(mode, capabilities);
  prepare(client);
  afterThisTest(() => client.close());
  await client.connect(transport);
  return client;
}

/** Over HTTP. `statuses` has the status of each answer. */
export function overHttp(
  url: URL,
  statuses: number[] = [],
  headers: Readonly<Record<string, string>> = {},
): Transport {
  return new StreamableHTTPClientTransport(url, {
    requestInit: { headers },
    fetch: async (...request) => {
      const response = await fetch(...request);
      statuses.push(response.status);
      return response;
    },
  });
}

/** Over stdio, to this command of `bulkhead`. */
export function overStdio(args: readonly string[]): Transport {
  // Without what configures a gateway outside of the test.
  const { [RUN_MARKER]: run, PATH: path } = process.env;
  return new StdioClientTransport({
    command: process.execPath,
    args: [join(buildRoot, 'src', 'bin.cjs'), ...args],
    env: { ...(run !== undefined && { [RUN_MARKER]: run }), ...(path !== undefined && { PATH: path }) },
    stderr: 'ignore',
  });
}
