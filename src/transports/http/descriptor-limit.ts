/** How many connections there may be, derived from how many file descriptors the process may have. */
import { readFileSync } from 'node:fs';
import type { ListenerName } from '../../telemetry/events.js';

/** Used if the limit cannot be read: the least that macOS gives a process. */
const ASSUMED_LIMIT = 10_240;
/**
 * The share that is not for MCP connections: threads, child processes, files of tools, and the admin listener need it.
 */
const RESERVED_SHARE = 1 / 8;
const LEAST_RESERVED = 256;
/** The admin listener's share of what is reserved: there are only a few scrapers and health checks. */
const ADMIN_SHARE = 1 / 4;
const MAX_ADMIN_CONNECTIONS = 256;
/** The minimum, even if the limit is so low that nothing would be left to reserve. */
const LEAST_CONNECTIONS = 64;

/** The soft limit of open files; Node has already raised it to the hard limit. `undefined` if it cannot be read. */
export function descriptorLimit(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Without /proc the limit is unknown; nothing else depends on it.
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
