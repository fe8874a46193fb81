/**
 * How full the memory of the container is. A control group that is full has the kernel end one of its processes, which is
 * the gateway with all of its sessions, however far each of them is below its own limits.
 */
import { join } from 'node:path';
import { controlGroupFolders, readText } from './control-groups.js';

/** A control group whose memory is limited. */
export interface ContainerMemory {
  /**
   * How much of its limit is used, without cached files, which the kernel gives back when it is short of memory: 1 is all.
   * `undefined` while it can't be read. Below `from` it may be told with them: to leave them out takes much longer.
   */
  share(from: number): number | undefined;
}

/** What the two versions of control groups call it (cgroups(7)); files that are cached go when memory is short. */
const VERSIONS = [
  { limit: 'memory.max', used: 'memory.current', cache: ['inactive_file', 'active_file'] },
  {
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    cache: ['total_inactive_file', 'total_active_file'],
  },
] as const;

/**
 * The nearest limit above this process, or `undefined` where there is none.
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

/** "max" is no number; version 1 has a limit beyond every machine's memory instead. */
function limitOf(folder: string, version: (typeof VERSIONS)[number]): number | undefined {
  const limitBytes = Number(readText(join(folder, version.limit)) ?? Number.NaN);
  return limitBytes < Number.MAX_SAFE_INTEGER / 2 ? limitBytes : undefined;
}

/** The limit is read each time: it can be changed while the gateway runs. */
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
