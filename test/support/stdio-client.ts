/** The SDK's own client over stdio, with a command of `bulkhead` as its server. */
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { ClientCapabilities } from '@modelcontextprotocol/sdk/types.js';
import { afterThisTest } from './cleanup.js';
import { RUN_MARKER } from './left-behind.js';
import { buildRoot } from './project.js';

export interface StdioConnection {
  readonly client: Client;
  /** The process of the command. */
  readonly pid: number;
  /** What it has written to stderr. */
  stderr(): string;
}

/** @param prepare sets handlers before the client connects */
export async function connectStdio(
  args: readonly string[],
  capabilities: ClientCapabilities = {},
  prepare: (client: Client) => void = () => {},
  env: Readonly<Record<string, string>> = {},
): Promise<StdioConnection> {
  const client = new Client({ name: 'stdio-client', version: '1.0.0' }, { capabilities });
  prepare(client);
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(buildRoot, 'src', 'bin.cjs'), ...args],
    env: { ...environment(), ...env },
    stderr: 'pipe',
  });
  let stderr = '';
  transport.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  afterThisTest(() => client.close());
  await client.connect(transport);
  if (transport.pid === null) throw new Error('The command has ended.');
  return { client, pid: transport.pid, stderr: () => stderr };
}

/** Without what configures a gateway outside of the test. */
function environment(): Record<string, string> {
  const { [RUN_MARKER]: run, PATH: path } = process.env;
  return { ...(run !== undefined && { [RUN_MARKER]: run }), ...(path !== undefined && { PATH: path }) };
}
