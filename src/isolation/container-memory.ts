/**
 * How full the memory of the container is. When a control group is full, the kernel ends one of its processes. That
 * would be the gateway with all of its sessions, however far each of them is below its own limits.
 */
import { join } from 'node:path';
import { controlGroupFolders, readText } from './control-groups.js';

/** A control group whose memory is limited. */
export interface ContainerMemory {
  /**
   * The share of the limit that is used, without cached files, because the kernel frees those when memory is short; 1:
   * all of it. `undefined` while it cannot be read. If the share is less than `from`, it may include cached files,
   * because leaving them out takes much longer.
   */
  share(from: number): number | undefined;
}

/** The names in the two versions of control groups (cgroups(7)). */
const VERSIONS = [
  { limit: 'memory.max', used: 'memory.current', cache: ['inactive_file', 'active_file'] },
  {
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    cache: ['total_inactive_file', 'total_active_file'],
  },
] as const;

/**
 * The nearest limit above this process; `undefined` if there is none.
 * @param procRoot `/proc/self`
 * @param cgroupRoot where control groups are mounted
 */
export function findContainerMemory(
  procRoot = '/proc/self',
  cgroupRoot = '/sys/fs/cgroup',
): ContainerMemory | undefined {
  let nearest: { readonly limitBytes: number; readonly memory: ContainerMemory } | undefined;
  for (const folder of controlGroupFolders('memory', procRoot, cgroupRoot)) {
    for (const version of VERSIONS) {
      const limitBytes = limitOf(folder, version);
      if (limitBytes === undefined || (nearest !== undefined && nearest.limitBytes <= limitBytes)) continue;
      nearest = { limitBytes, memory: { share: (from) => shareOf(folder, version, from) } };
    }
  }
  return nearest?.memory;
}

/** "max" is not a number; version 1 instead has a limit that is larger than the memory of any machine. */
function limitOf(folder: string, version: (typeof VERSIONS)[number]): number | undefined {
  const limitBytes = Number(readText(join(folder, version.limit)) ?? Number.NaN);
  return limitBytes < Number.MAX_SAFE_INTEGER / 2 ? limitBytes : undefined;
}

/** The limit is read each time, because it can be changed while the gateway runs. */
function shareOf(folder: string, version: (typeof VERSIONS)[number], from: number): number | undefined {
  const used = readText(join(folder, version.used));
  const limitBytes = limitOf(folder, version);
  if (used === undefined || limitBytes === undefined) return undefined;
  if (Number(used) < from * limitBytes) return Number(used) / limitBytes;
  let cached = 0;
  for (const line of (readText(join(folder, 'memory.stat')) ?? '').split('\n')) {
    const [name = '', bytes] = line.split(' ');
    if (version.cache.some((cache) => cache === name)) cached += Number(bytes);
  }
  return (Number(used) - cached) / limitBytes;
}
