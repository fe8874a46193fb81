/**
 * Writes several files so that all of them are changed, or none. Each new text is on the disk in a file beside its target,
 * and each old one in a backup, before the first takes its place.
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
  /** No symbolic link. */
  readonly path: string;
  /** What was read; `undefined` when there was no such file. */
  readonly before: Buffer | undefined;
  /** `undefined` removes the file. */
  readonly after: Buffer | undefined;
  /** Permission bits of the file when it is written. */
  readonly mode: number;
  /** Those that it has now, where they are others. */
  readonly modeBefore?: number;
  /** The group that it keeps, where it is there already. */
  readonly groupId?: number;
  /** Where the old text is kept. */
  readonly backup?: string;
}

/** Nothing is changed, or the message says what is; a whole sentence. */
export class WriteFilesError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WriteFilesError';
  }
}

/** Backups hold what the client's file held. */
const BACKUP_MODE = 0o600;

/** A name beside the file that nothing has: `<path>.bulkhead-backup`, or one with a number. */
export function freeBackupName(path: string): string {
  const name = `${path}.bulkhead-backup`;
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!existsSync(candidate)) return candidate;
  }
}

/**
 * Changes the files in this order.
 * @throws {WriteFilesError} when one was changed since it was read, or can't be written.
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

/** @returns the files that could not be set back. */
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
      // The caller says which; the reason is that of the failure before.
      return [path];
    }
  });
}

/** Fails where there is a file of this name. Nobody else can read it before it has its mode. */
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
