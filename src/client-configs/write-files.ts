/**
 * Writes several files so that either all of them are changed, or none. Before the first one is replaced, each new file
 * is on the disk beside its target, and each old one is in a backup.
 */
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { messageOf } from '../shared/errors.js';

export interface FileChange {
  /** Must not be a symbolic link. */
  readonly path: string;
  /** What was read; `undefined` if there was no such file. */
  readonly before: Buffer | undefined;
  /** `undefined` removes the file. */
  readonly after: Buffer | undefined;
  /** Permission bits of the file when it is written. */
  readonly mode: number;
  /** Its current permission bits, if they differ. */
  readonly modeBefore?: number;
  /** The group that it keeps, if it exists already. */
  readonly groupId?: number;
  /** The path of the backup. */
  readonly backup?: string;
}

/** Nothing is changed, or the message says what is. The message is a complete sentence. */
export class WriteFilesError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WriteFilesError';
  }
}

/** Backups contain everything that the client's file contained. */
const BACKUP_MODE = 0o600;

/** A name beside the file that is not in use: `<path>.bulkhead-backup`, or one with a number. */
export function freeBackupName(path: string): string {
  const name = `${path}.bulkhead-backup`;
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!existsSync(candidate)) return candidate;
  }
}

/**
 * Changes the files in this order.
 * @throws {WriteFilesError} if one was changed since it was read, or cannot be written
 */
export function writeFiles(changes: readonly FileChange[]): void {
  const made: string[] = [];
  const steps: { readonly change: FileChange; readonly staged: string }[] = [];
  try {
    for (const change of changes) requireUnchanged(change);
    for (const { backup, before } of changes) {
      if (backup === undefined || before === undefined) continue;
      writeNew(backup, before, BACKUP_MODE);
      made.push(backup);
    }
    for (const change of changes) {
      const staged = `${change.path}.bulkhead-new-${process.pid}`;
      if (change.after !== undefined) {
        writeNew(staged, change.after, change.mode, change.groupId);
        made.push(staged);
      }
      steps.push({ change, staged });
    }
    for (const change of changes) requireUnchanged(change);
  } catch (error) {
    for (const file of made) rmSync(file, { force: true });
    if (error instanceof WriteFilesError) throw error;
    throw new WriteFilesError(`${messageOf(error)}. Nothing is changed.`, { cause: error });
  }
  const done: FileChange[] = [];
  try {
    for (const { change, staged } of steps) {
      if (change.after === undefined) rmSync(change.path);
      else renameSync(staged, change.path);
      done.push(change);
    }
  } catch (error) {
    const left = takeBack(done);
    for (const { staged } of steps) rmSync(staged, { force: true });
    if (left.length === 0) {
      for (const { backup } of changes) if (backup !== undefined) rmSync(backup, { force: true });
    }
    const state =
      left.length === 0
        ? 'Everything is as it was.'
        : `These files are changed and could not be set back; their backups are beside them: ${left.join(', ')}.`;
    throw new WriteFilesError(`${messageOf(error)}. ${state}`, { cause: error });
  }
}

function requireUnchanged({ path, before }: FileChange): void {
  const now = existsSync(path) ? readFileSync(path) : undefined;
  if (before === undefined ? now === undefined : now?.equals(before) === true) return;
  throw new WriteFilesError(
    `${path} was changed since it was read. Nothing is changed; run the command again.`,
  );
}

/** @returns the files that could not be restored */
function takeBack(done: readonly FileChange[]): string[] {
  return [...done].reverse().flatMap(({ path, before, mode, modeBefore, groupId }) => {
    try {
      if (before === undefined) rmSync(path);
      else {
        const staged = `${path}.bulkhead-old-${process.pid}`;
        writeNew(staged, before, modeBefore ?? mode, groupId);
        renameSync(staged, path);
      }
      return [];
    } catch {
      // The caller names the file; the reason is that of the earlier failure.
      return [path];
    }
  });
}

/** Fails if there is already a file of this name. Nobody else can read it before its mode is set. */
function writeNew(path: string, bytes: Buffer, mode: number, groupId?: number): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(descriptor, bytes);
    if (groupId !== undefined && groupId !== fstatSync(descriptor).gid) fchownSync(descriptor, -1, groupId);
    fchmodSync(descriptor, mode);
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
