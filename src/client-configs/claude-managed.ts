/**
 * What an administrator's settings say about Claude Code's servers. They may forbid a server over HTTP that they allow
 * as a command.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JsonDocument } from './json-document.js';

interface Rule {
  readonly serverName?: unknown;
  readonly serverUrl?: unknown;
}

export interface ManagedRules {
  /** The file that applies alone: what users configure is ignored. */
  readonly exclusive: string | undefined;
  /** `undefined`: every server is allowed. */
  readonly allowed: readonly Rule[] | undefined;
  readonly denied: readonly Rule[];
  /** Files that cannot be read, so that their rules are unknown. */
  readonly unreadable: readonly string[];
}

/** Reads the rules in these folders. */
export function readManagedRules(folders: readonly string[]): ManagedRules {
  const unreadable: string[] = [];
  const exclusive = folders
    .map((folder) => join(folder, 'managed-mcp.json'))
    .find((file) => existsSync(file));
  const settings = folders.flatMap(settingsFiles).flatMap((file) => {
    try {
      const bytes = read(file);
      return bytes === undefined ? [] : [new JsonDocument(bytes)];
    } catch {
      // Not JSON, or not readable for this user; the caller reports it.
      unreadable.push(file);
      return [];
    }
  });
  const lists = (key: string): Rule[][] =>
    settings
      .map((document) => document.value([key]))
      .filter((value): value is Rule[] => Array.isArray(value));
  const allowed = lists('allowedMcpServers');
  return {
    exclusive,
    allowed: allowed.length > 0 ? allowed.flat() : undefined,
    denied: lists('deniedMcpServers').flat(),
    unreadable,
  };
}

/** One sentence that says why the rules forbid a server of this name at this address, or `undefined`. */
export function managedRefusal(rules: ManagedRules, name: string, url: string): string | undefined {
  if (rules.exclusive !== undefined) {
    return `${rules.exclusive} alone says which servers Claude Code has: an entry of the user's counts for nothing`;
  }
  if (rules.denied.some((rule) => rule.serverName === name || matches(rule.serverUrl, url))) {
    return `the administrator's settings deny ${url} (deniedMcpServers)`;
  }
  if (rules.allowed === undefined) return undefined;
  const urls = rules.allowed.filter((rule) => rule.serverUrl !== undefined);
  // A remote server is judged by its address if the rules list any address, otherwise by its name.
  const isAllowed =
    urls.length > 0
      ? urls.some((rule) => matches(rule.serverUrl, url))
      : rules.allowed.some((rule) => rule.serverName === name);
  return isAllowed ? undefined : `the administrator's settings do not allow ${url} (allowedMcpServers)`;
}

/** `*` stands for any text. */
function matches(pattern: unknown, url: string): boolean {
  if (typeof pattern !== 'string') return false;
  const [start = '', ...parts] = pattern.split('*');
  if (!url.startsWith(start)) return false;
  const last = parts.pop();
  if (last === undefined) return url === start;
  let position = start.length;
  for (const part of parts) {
    const found = url.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return url.length - last.length >= position && url.endsWith(last);
}

function settingsFiles(folder: string): string[] {
  const more = join(folder, 'managed-settings.d');
  let names: string[] = [];
  try {
    names = readdirSync(more);
  } catch {
    // There is no such folder, as on most machines.
  }
  const files = names.filter((name) => name.endsWith('.json')).map((name) => join(more, name));
  return [join(folder, 'managed-settings.json'), ...files.sort()];
}

/** @throws what reading throws, unless there is no such file */
function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
