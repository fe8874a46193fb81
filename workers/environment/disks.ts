/** The mounted file systems and how full they are. */
import { readFile, statfs } from 'node:fs/promises';
import { parse } from 'node:path';
import { hasCode } from './root-folders.js';

/** Sizes are null for a file system on another machine, which is not asked. */
export interface Disk {
  readonly mountPoint: string;
  readonly device: string | null;
  readonly type: string | null;
  readonly totalBytes: number | null;
  readonly freeBytes: number | null;
  /** What a user without privileges may still write. */
  readonly availableBytes: number | null;
}

interface Mount {
  readonly device: string | null;
  readonly mountPoint: string;
  readonly type: string | null;
}

const MAX_DISKS = 64;

/** File systems that the kernel generates; none of them stores anything. */
const PSEUDO_TYPES: ReadonlySet<string> = new Set(
  (
    'autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl hugetlbfs mqueue ' +
    'nsfs proc pstore ramfs rpc_pipefs securityfs selinuxfs squashfs sysfs tracefs'
  ).split(' '),
);

/** `statfs` on one of these hangs as long as its server does, and occupies one of the process's few I/O threads. */
const REMOTE_TYPE = /^(?:nfs|cifs|smb|9p|afs|ceph|glusterfs|lustre|fuse)/;

/**
 * The file systems that store something. Without `/proc/mounts`, those of the root folders and of `/`.
 * @param folders folders whose file systems matter
 */
export async function readDisks(folders: readonly string[]): Promise<Disk[]> {
  const disks = await Promise.all((await mounts(folders)).slice(0, MAX_DISKS).map(measured));
  return disks.filter((disk) => disk !== undefined);
}

async function mounts(folders: readonly string[]): Promise<Mount[]> {
  const table = await readMountTable();
  if (table !== undefined) return storingMounts(table);
  const paths = new Set([parse(process.cwd()).root, ...folders]);
  return [...paths].map((mountPoint) => ({ device: null, mountPoint, type: null }));
}

async function readMountTable(): Promise<string | undefined> {
  try {
    return await readFile('/proc/self/mounts', 'utf8');
  } catch (error) {
    if (hasCode(error)) return undefined;
    throw error;
  }
}

/** A later mount on the same path hides the earlier one; a device that is mounted twice is listed once. */
function storingMounts(table: string): Mount[] {
  const byPoint = new Map<string, Mount>();
  for (const line of table.split('\n')) {
    const [device, mountPoint, type] = line.split(' ').map(unescapeOctal);
    if (device === undefined || mountPoint === undefined || type === undefined) continue;
    byPoint.set(mountPoint, { device, mountPoint, type });
  }
  const devices = new Set<string>();
  return [...byPoint.values()].filter(({ device, type }) => {
    if (type === null || PSEUDO_TYPES.has(type)) return false;
    if (device === null || !device.startsWith('/')) return true;
    if (devices.has(device)) return false;
    devices.add(device);
    return true;
  });
}

async function measured(mount: Mount): Promise<Disk | undefined> {
  if (mount.type !== null && REMOTE_TYPE.test(mount.type)) {
    return { ...mount, totalBytes: null, freeBytes: null, availableBytes: null };
  }
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(mount.mountPoint);
    if (blocks === 0) return undefined;
    return { ...mount, totalBytes: bsize * blocks, freeBytes: bsize * bfree, availableBytes: bsize * bavail };
  } catch (error) {
    if (hasCode(error)) return undefined;
    throw error;
  }
}

/** The kernel writes blanks, tabs, line ends and backslashes as octal numbers, such as `\040`. */
function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
