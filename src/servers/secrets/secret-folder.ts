/**
 * Secrets in files: `<folder>/<principal>/<NAME>`. The folder of a principal is named by a digest. A subject is chosen by
 * whoever signs in, and may be a path, longer than a file name, or differ from another one by case alone, which some file
 * systems ignore.
 */
import { createHash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { untilAborted } from '../../shared/until-aborted.js';
import {
  MAX_SECRET_BYTES,
  NoSecret,
  type SecretOwner,
  type SecretSource,
  secretText,
} from './secret-source.js';

/**
 * The name of a principal's folder: 64 hexadecimal digits.
 * @param principal as `SessionContext` has it
 */
export function secretsFolderName(principal: string): string {
  return createHash('sha256').update(principal, 'utf8').digest('hex');
}

export class SecretFolder implements SecretSource {
  readonly #folder: string;

  /** @param folder absolute */
  constructor(folder: string) {
    this.#folder = folder;
  }

  read({ principal }: SecretOwner, name: string, signal: AbortSignal): Promise<string> {
    const path = join(this.#folder, secretsFolderName(principal), name);
    return untilAborted(readSecret(path), signal);
  }

  async close(): Promise<void> {}

  killNow(): void {}
}

async function readSecret(path: string): Promise<string> {
  let file: FileHandle;
  try {
    // Nobody may ever write to a FIFO: opening it must not wait for that.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw unreadable(error, path);
  }
  try {
    if (!(await file.stat()).isFile()) throw new NoSecret('cannot be read', `${path} is no file`);
    return secretText(await beginningOf(file));
  } catch (error) {
    if (error instanceof NoSecret) throw new NoSecret(error.message, error.detail ?? `in ${path}`);
    throw unreadable(error, path);
  } finally {
    await file.close();
  }
}

/** At most one byte more than a secret may have. */
async function beginningOf(file: FileHandle): Promise<Uint8Array> {
  const buffer = Buffer.alloc(MAX_SECRET_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function unreadable(error: unknown, path: string): NoSecret {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? new NoSecret('is not stored for you', `there is no file ${path}`)
    : new NoSecret('cannot be read', `${path}: ${code}`);
}
