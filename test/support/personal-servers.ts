/** What tests of servers share whose environment depends on the principal. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../src/auth/bearer.js';
import { secretsFolderName } from '../../src/servers/secrets/secret-folder.js';
import { afterThisTest } from './cleanup.js';
import type { Gateway } from './gateway.js';
import { type JsonRpcMessage, RawClient, textOf } from './raw-client.js';
import { temporaryFolder } from './temporary-folder.js';

export interface Told {
  readonly instance: string;
  readonly WHO: string | null;
  readonly ISSUER: string | null;
  readonly KEY: string | null;
  readonly TOKEN: string | null;
  readonly PLAIN: string | null;
  readonly TMPDIR: string | null;
  readonly BULKHEAD_SECRET: string | null;
  readonly BULKHEAD_PRINCIPAL: string | null;
}

/** The tokens of `ada` and `bob` are their names. */
export function tokensFile(): string {
  const path = join(temporaryFolder(), 'tokens.txt');
  const lines = ['ada', 'bob'].map((name) => `${name} ${digestOf(name).toString('hex')}\n`);
  writeFileSync(path, lines.join(''));
  return path;
}

/** A folder of secrets. */
export class Secrets {
  readonly folder = temporaryFolder();

  /** Stores one of the principal whose token has this name. */
  store(subject: string, name: string, value: string | Uint8Array): void {
    const folder = join(this.folder, secretsFolderName(`token ${subject}`));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), value);
  }
}

/** A command that prints secrets: a shell script. */
export function secretCommand(script: string): string {
  const path = join(temporaryFolder(), 'print-secret');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

export function clientAs(gateway: Gateway, server: string, subject: string): RawClient {
  const headers = { authorization: `Bearer ${subject}` };
  const client = new RawClient(new URL(`/${server}/mcp`, gateway.url), { headers });
  afterThisTest(() => client.destroy());
  return client;
}

/** What the server of a new session was started with. */
export async function told(client: RawClient): Promise<Told> {
  if (client.sessionId === undefined) await client.initialize();
  return JSON.parse(textOf(await client.call('variables', {}))) as Told;
}

/** The answer to `initialize` of a session that does not start. */
export async function refused(
  client: RawClient,
  deadlineMs?: number,
): Promise<{ readonly status: number; readonly message: string; readonly data: unknown }> {
  const response = await client.post({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  });
  const { error }: JsonRpcMessage = await response.answer(1, deadlineMs);
  return { status: response.status, message: error?.message ?? '', data: error?.data };
}
