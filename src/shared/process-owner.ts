/**
 * Which gateway a process or a folder belongs to, in a text that says so after that gateway is gone. A pid alone does
 * not: it is reused, and means another process in another pid namespace. So the text has the pid, the start time, and a
 * digest of where these two mean anything: `<pid>-<start ticks, base 36>-<place>`.
 *
 * Only Linux has what it takes. Elsewhere nothing has an owner, so nothing is ever taken for left behind.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { processExists } from './process-group.js';
import { HAS_PROCESS_TABLE, readProcess } from './process-table.js';

export interface ProcessOwner {
  readonly pid: number;
  readonly startTicks: number;
  readonly place: string;
}

const OWNER = '([1-9][0-9]{0,9})-([1-9a-z][0-9a-z]{0,10})-([0-9a-f]{10})';
const MARK = new RegExp(`^${OWNER}-[0-9a-f]{32}$`);

/** Read once: `null` if it cannot be known. */
let place: string | null | undefined;
let own: string | undefined;

/** A value of the child marker that no other process has, and that names this process as the owner. */
export function newMark(): string {
  return `${ownText()}${randomBytes(16).toString('hex')}`;
}

/** Any process can set the variable, so only what looks exactly like a mark is taken for one. */
export function ownerOfMark(mark: string | undefined): ProcessOwner | undefined {
  return mark === undefined ? undefined : toOwner(MARK.exec(mark));
}

/**
 * Whether the owner is dead for certain. In doubt it is not: it is of another container or boot, its process table is
 * not this one, or the system does not say.
 */
export function isDead(owner: ProcessOwner): boolean {
  if (owner.place !== ownPlace()) return false;
  const found = readProcess(owner.pid);
  if (found === undefined) return !processExists(owner.pid);
  return Number.isInteger(found.startTicks) && (found.zombie || found.startTicks !== owner.startTicks);
}

function toOwner(match: RegExpExecArray | null): ProcessOwner | undefined {
  if (match === null) return undefined;
  const [, pid, startTicks = '', ofPlace = ''] = match;
  return { pid: Number(pid), startTicks: Number.parseInt(startTicks, 36), place: ofPlace };
}

/** With a hyphen at its end; empty if this process cannot be named. */
function ownText(): string {
  own ??= readOwnText();
  return own;
}

function readOwnText(): string {
  const ofPlace = ownPlace();
  const startTicks = ofPlace === undefined ? undefined : readProcess(process.pid)?.startTicks;
  if (ofPlace === undefined || !Number.isSafeInteger(startTicks)) return '';
  return `${process.pid}-${startTicks?.toString(36)}-${ofPlace}-`;
}

function ownPlace(): string | undefined {
  if (place === undefined) place = readPlace() ?? null;
  return place ?? undefined;
}

/** Pids mean something within a pid namespace, and start times within a boot and a time namespace. */
function readPlace(): string | undefined {
  if (!HAS_PROCESS_TABLE) return undefined;
  try {
    // The process table of another pid namespace may be mounted here.
    if (readlinkSync('/proc/self') !== String(process.pid)) return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const parts = [boot, readlinkSync('/proc/self/ns/pid'), timeNamespace()];
    return createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 10);
  } catch {
    // Not mounted, or hidden from this process.
    return undefined;
  }
}

/** Linux has them since 5.6, and only if it is built with them. */
function timeNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/time');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw thrown;
  }
}
