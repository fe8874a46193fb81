/** Who is measured: each in the stateful mode that its documentation shows, with its defaults. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the pinned packages and the servers' files are; never the project's own dependencies. */
export const PREFIX = fileURLToPath(new URL('../../../.peers/', import.meta.url));

const BULKHEAD = fileURLToPath(new URL('../../src/bin.cjs', import.meta.url));
const STDIO_SERVER = [process.execPath, join(PREFIX, 'stdio.mjs')] as const;

export interface Peer {
  /** For `--only`, and the column's heading. */
  readonly name: string;
  /** The package whose version is named; `undefined` for the project itself. */
  readonly package: string | undefined;
  /** One clause for the documentation: how it is set up. */
  readonly setUp: string;
  /** What Node runs to serve Streamable HTTP at `/mcp` of this port. */
  readonly args: (port: number) => readonly string[];
}

function inPrefix(file: string): string {
  return join(PREFIX, file);
}

export const PEERS: readonly Peer[] = [
  {
    name: 'Bulkhead',
    package: undefined,
    setUp: 'a thread for each session; its defaults, but `--log-level silent`',
    args: (port) => [
      BULKHEAD,
      'serve',
      inPrefix('bulkhead.mjs'),
      ...['--port', String(port), '--admin-port', '0', '--log-level', 'silent'],
    ],
  },
  {
    name: 'SDK 1',
    package: '@modelcontextprotocol/sdk',
    setUp:
      'all sessions in one thread; `StreamableHTTPServerTransport` and an `McpServer` for each on `node:http`',
    args: (port) => [inPrefix('sdk-1.mjs'), String(port)],
  },
  {
    name: 'SDK 2',
    package: '@modelcontextprotocol/server',
    setUp:
      'all sessions in one thread; `NodeStreamableHTTPServerTransport` and an `McpServer` for each on `node:http`',
    args: (port) => [inPrefix('sdk-2.mjs'), String(port)],
  },
  {
    name: 'fastmcp',
    package: 'fastmcp',
    setUp: 'all sessions in one thread; `transportType: "httpStream"`',
    args: (port) => [inPrefix('fastmcp.mjs'), String(port)],
  },
  {
    name: 'supergateway',
    package: 'supergateway',
    setUp:
      'a stdio server (SDK 1) as a process of its own for each session; `--outputTransport streamableHttp --stateful --logLevel none`',
    args: (port) => [
      inPrefix('node_modules/supergateway/dist/index.js'),
      ...['--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none'],
      ...['--port', String(port), '--stdio', STDIO_SERVER.map((part) => `'${part}'`).join(' ')],
    ],
  },
  {
    name: 'mcp-proxy',
    package: 'mcp-proxy',
    setUp:
      'one stdio server (SDK 1) as a process of its own that all sessions share; no options but the port',
    args: (port) => [
      inPrefix('node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs'),
      ...['--port', String(port), '--', ...STDIO_SERVER],
    ],
  },
];
