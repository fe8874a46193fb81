/**
 * What a test run must not leave behind: threads, sockets, referenced timers, child processes. On Linux the operating
 * system is asked, because Node does not see an unreferenced socket or a detached child.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { signalProcess } from '../../src/shared/process-group.js';
import { isDead, ownerOfMark, type ProcessOwner } from '../../src/shared/process-owner.js';
import { lookAtProcesses, markedProcesses } from '../../src/shared/process-table.js';

/**
 * Every descendant inherits it, so that a process is found even if it has left its group and its parent. Gateways give
 * hardly any variable to the programs that they start, but all that have to do with the language.
 */
export const RUN_MARKER = 'LC_BULKHEAD_TEST_RUN';
const LIBUV_POOL_THREADS = 4;
const hasProc = existsSync('/proc/self/task');

/** Standard streams, and one-off operations that settle by themselves. */
const HARMLESS_RESOURCES = new Set([
  'TTYWrap',
  'PipeWrap',
  'FSReqCallback',
  'FSReqPromise',
  'CloseReq',
  'Immediate',
]);

export interface Inventory {
  /** How many of each of Node's own resources keep the event loop alive. */
  readonly resources: ReadonlyMap<string, number>;
  readonly threads: number;
  /** `socket:[inode]`. */
  readonly sockets: ReadonlySet<string>;
}

/** Records what exists before the first test. */
export async function takeInventory(): Promise<Inventory> {
  process.env[RUN_MARKER] = String(process.pid);
  // libuv starts its pool with the first file operation; these threads stay until the process ends.
  await Promise.all(Array.from({ length: LIBUV_POOL_THREADS }, () => readFile('/dev/null')));
  return { resources: countResources(), threads: countThreads(), sockets: listSockets() };
}

/** One line for each thing that exists now and did not exist before. */
export function leftSince(before: Inventory): string[] {
  const left: string[] = [];
  for (const [type, count] of countResources()) {
    const extra = count - (before.resources.get(type) ?? 0);
    if (extra > 0) left.push(`${extra} × ${type} (process.getActiveResourcesInfo)`);
  }
  const threads = countThreads() - before.threads;
  if (threads > 0) left.push(`${threads} threads (/proc/self/task)`);
  for (const socket of listSockets()) if (!before.sockets.has(socket)) left.push(describeSocket(socket));
  for (const { pid, command } of descendants()) left.push(`process ${pid}: ${command}`);
  return left;
}

/** A process of a gateway that is dead. */
interface Orphan {
  readonly pid: number;
  readonly owner: ProcessOwner;
}

/** Those of this test run. Other runs, and gateways that have nothing to do with tests, have processes as well. */
function orphans(): Orphan[] {
  const found: Orphan[] = [];
  if (!hasProc) return found;
  for (const { pid, marker } of markedProcesses()) {
    const owner = ownerOfMark(marker);
    if (owner !== undefined && isDead(owner) && isOfThisRun(pid)) found.push({ pid, owner });
  }
  return found;
}

/** One line for each process that a gateway of this test run should have ended before it ended itself. */
export function orphansLeft(): string[] {
  return orphans().map(({ pid }) => `process ${pid}: ${commandOf(pid)}`);
}

/** Kills them, so that they do not stay longer than the test run. */
export function killOrphans(): void {
  for (const { pid } of orphans()) signalProcess(pid, 'SIGKILL');
}

/**
 * Before a test kills a gateway with SIGKILL, which leaves its processes behind: returns what ends them afterwards.
 * @param pid of the gateway, or of a process that has started it
 */
export function leftoversOf(pid: number | undefined): { end(): void } {
  const table = lookAtProcesses()?.table ?? new Map();
  const family = new Set([pid]);
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const entry of table.values()) if (family.has(entry.parent)) family.add(entry.pid);
  }
  const theirs = () => orphans().filter(({ owner }) => family.has(owner.pid));
  return {
    end() {
      // Again, because one may start another before it ends.
      for (let left = theirs(); left.length > 0; left = theirs())
        for (const orphan of left) signalProcess(orphan.pid, 'SIGKILL');
    },
  };
}

function isOfThisRun(pid: number): boolean {
  return readProc(`/proc/${pid}/environ`).split('\0').includes(`${RUN_MARKER}=${process.pid}`);
}

function commandOf(pid: number): string {
  return readProc(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** Living processes that this test run started, wherever they moved. Zombies do not count. */
function descendants(): { readonly pid: number; readonly command: string }[] {
  if (!hasProc) return [];
  const found: { pid: number; command: string }[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const stat = readProc(`/proc/${pid}/stat`);
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (stat === '' || state === 'Z') continue;
    if (Number(parent) === process.pid || isOfThisRun(pid)) found.push({ pid, command: commandOf(pid) });
  }
  return found;
}

/** Threads of this process, of any kind. */
function countThreads(): number {
  return hasProc ? readdirSync('/proc/self/task').length : 0;
}

function countResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    if (!HARMLESS_RESOURCES.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

function listSockets(): Set<string> {
  const sockets = new Set<string>();
  if (!hasProc) return sockets;
  for (const descriptor of readdirSync('/proc/self/fd')) {
    const target = readLink(`/proc/self/fd/${descriptor}`);
    if (target.startsWith('socket:')) sockets.add(target);
  }
  return sockets;
}

/** The socket's line of /proc/net/tcp: local and remote address in hexadecimal, state. */
function describeSocket(socket: string): string {
  const inode = socket.slice('socket:['.length, -1);
  const table = `${readProc('/proc/self/net/tcp')}\n${readProc('/proc/self/net/tcp6')}`;
  const line = table.split('\n').find((row) => row.trim().split(/\s+/)[9] === inode);
  if (!line) return socket;
  const [, local, remote, state] = line.trim().split(/\s+/);
  return `${socket} ${addressOf(local)} to ${addressOf(remote)}, ${state === '0A' ? 'listening' : `state ${state}`}`;
}

function addressOf(hexadecimal: string | undefined): string {
  return `port ${Number.parseInt(hexadecimal?.split(':')[1] ?? '0', 16)}`;
}

/** Empty if it is gone or not readable: processes come and go while the list is read. */
function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
