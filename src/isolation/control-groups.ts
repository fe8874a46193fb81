/** Where the limits of a container are found: the folders of its control groups (cgroups(7)). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folders of the process's group and of all groups above it. Inside of a container, the mount often begins at the
 * container's own group.
 * @param controller its name in version 1, where each controller may have a hierarchy of its own
 */
export function controlGroupFolders(controller: string, procRoot: string, cgroupRoot: string): string[] {
  const folders: string[] = [];
  for (const line of (readText(join(procRoot, 'cgroup')) ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined || (controllers !== '' && !controllers?.split(',').includes(controller))) continue;
    const root = controllers === '' ? cgroupRoot : join(cgroupRoot, controller);
    const parts = path.split('/').filter(Boolean);
    for (let depth = parts.length; depth >= 0; depth -= 1) folders.push(join(root, ...parts.slice(0, depth)));
  }
  return folders;
}

/** `undefined` if there is no such file, or it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // There is no such group or controller, or no descriptor is left: the next check will show.
    return undefined;
  }
}
