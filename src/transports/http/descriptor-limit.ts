/** How many connections there may be, from how many file descriptors the process may have. */
import { readFileSync } from 'node:fs';
import type { ListenerName } from '../../telemetry/events.js';

/** Where the limit can't be read: what macOS gives a process at least. */
const ASSUMED_LIMIT = 10_240;
/** What is not for connections of MCP: threads, child processes, files of tools, and the admin listener. */
const RESERVED_SHARE = 1 / 8;
const LEAST_RESERVED = 256;
/** Of the reserve, at most: scrapers and probes are few; who comes in hundreds is something else. */
const ADMIN_SHARE = 1 / 4;
const MAX_ADMIN_CONNECTIONS = 256;
/** Also where a limit is so low that the reserve would leave nothing. */
const LEAST_CONNECTIONS = 64;

/** The soft limit of open files; Node has raised it to the hard limit by now. `undefined` where it can't be read. */
export function descriptorLimit(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Without /proc the limit is not known; nothing else depends on it.
    return undefined;
  }
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Number(soft);
}

export function connectionLimits(descriptors: number | undefined): Readonly<Record<ListenerName, number>> {
  const limit = descriptors ?? ASSUMED_LIMIT;
  const reserved = Math.max(Math.ceil(limit * RESERVED_SHARE), LEAST_RESERVED);
  return {
    mcp: Math.max(limit - reserved, LEAST_CONNECTIONS),
    admin: Math.min(Math.ceil(reserved * ADMIN_SHARE), MAX_ADMIN_CONNECTIONS),
  };
}
