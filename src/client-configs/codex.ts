/** Codex uses TOML, which cannot be edited here without losing the user's comments and formatting. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Surroundings } from './surroundings.js';

/** A sentence for each file of Codex that has servers. */
export function codexNotices({ home, cwd, environment }: Surroundings): string[] {
  const files = [
    join(environment.CODEX_HOME || join(home, '.codex'), 'config.toml'),
    join(cwd, '.codex', 'config.toml'),
  ];
  return [...new Set(files)]
    .filter(hasServers)
    .map(
      (file) =>
        `Codex: ${file} is TOML, which import does not edit. Add the servers to the gateway's file by hand, and give ` +
        'each [mcp_servers.NAME] of Codex a url in place of command, args and env.',
    );
}

function hasServers(file: string): boolean {
  try {
    return /^[ \t]*\[mcp_servers\./m.test(readFileSync(file, 'utf8'));
  } catch {
    // There is none, or this user must not read it.
    return false;
  }
}
