/** One stdio server behind everything that is compared: the gateway, the proxies, and nothing at all. */
import { join } from 'node:path';
import { install as installPeers } from '../peers/installation.js';
import { MARK_VARIABLE } from '../peers/marked-processes.js';
import { PREFIX as PEERS } from '../peers/peers.js';
import { type StartedPeer, withStarted } from '../peers/started-peer.js';
import { FOLDER, freshFolder, install as installPrograms, PREFIX } from './programs.js';
import { type GatewaySettings, type StartedGateway, withGateway } from './started-gateway.js';
import type { Command } from './stdio-wire.js';

/** A stdio server as a command line, without shell. */
export interface StdioServer {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** An SDK 1 server with `echo`. */
export const ECHO: StdioServer = { file: process.execPath, args: [join(PEERS, 'stdio.mjs')] };
/** A server in Python that is small enough to be started 500 times: `echo` and `crash`. */
export const SMALL: StdioServer = { file: 'python3', args: [join(PREFIX, 'small.py')] };
/** A server without packages: `echo` and `flood`. */
export const FLOODING: StdioServer = { file: process.execPath, args: [join(PREFIX, 'flooding.mjs')] };

/** Installs whatever a side needs. */
export async function install(progress: (message: string) => void): Promise<void> {
  await installPeers(progress);
  await installPrograms(progress);
  freshFolder();
}

/** The name of the only server in the gateway's catalogue. */
const NAME = 'server';

/** Runs with the gateway and this server: as a command, unless `entry` names a script. */
export function withBulkhead<Result>(
  { file, args, env }: StdioServer,
  entry: object,
  measure: (started: StartedGateway) => Promise<Result>,
  settings: GatewaySettings = {},
): Promise<Result> {
  return withGateway(
    FOLDER,
    (mark) => {
      const what = 'script' in entry ? {} : { command: file, args };
      return { [NAME]: { ...what, ...entry, env: { ...env, [MARK_VARIABLE]: mark }, cwd: FOLDER } };
    },
    measure,
    settings,
  );
}

function quoted({ file, args }: StdioServer): string {
  return [file, ...args].map((part) => `'${part}'`).join(' ');
}

/** A process of its own for each session. */
export function withSupergateway<Result>(
  server: StdioServer,
  measure: (started: StartedPeer) => Promise<Result>,
): Promise<Result> {
  const flags = ['--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none'];
  const entry = join(PEERS, 'node_modules/supergateway/dist/index.js');
  const args = (port: number) => [entry, ...flags, '--port', String(port), '--stdio', quoted(server)];
  return withStarted({ args, cwd: FOLDER, env: server.env ?? {} }, measure);
}

/** One process that all sessions share. */
export function withMcpProxy<Result>(
  server: StdioServer,
  measure: (started: StartedPeer) => Promise<Result>,
): Promise<Result> {
  const entry = join(PEERS, 'node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs');
  const args = (port: number) => [entry, '--port', String(port), '--', server.file, ...server.args];
  return withStarted({ args, cwd: FOLDER, env: server.env ?? {} }, measure);
}

/** As a client with stdio starts it. */
export function directly({ file, args, env }: StdioServer, mark: string): Command {
  const { PATH = '', HOME = '' } = process.env;
  return { file, args, cwd: FOLDER, env: { PATH, HOME, ...env, [MARK_VARIABLE]: mark } };
}
