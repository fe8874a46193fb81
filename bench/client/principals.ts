/** Principals that a measured gateway knows by their tokens. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Authorization } from './mcp-session.js';

const tokenOf = (name: string): string => `token-of-${name}`;

export function authorizationOf(name: string): Authorization {
  return { authorization: `Bearer ${tokenOf(name)}` };
}

/** Calls back with a `tokens-file` that has these names, which is removed afterwards. */
export async function withTokensFile<Result>(
  names: readonly string[],
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-tokens-'));
  try {
    const path = join(folder, 'tokens.txt');
    const lines = names.map((name) => `${name} ${createHash('sha256').update(tokenOf(name)).digest('hex')}`);
    await writeFile(path, `${lines.join('\n')}\n`);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
