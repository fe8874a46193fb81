/** A configuration file as it was read: what it holds, and whether it may be written. */
import { readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { messageOf } from '../shared/errors.js';
import { JsonTextError } from '../shared/json-text.js';
import { JsonDocument } from './json-document.js';

export interface ConfigFile {
  /** The file itself, where `path` is a symbolic link; that one is edited, and the link stays. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly document: JsonDocument;
  /** Permission bits. */
  readonly mode: number;
  readonly groupId: number;
  /** One sentence: why it can be read but must not be written. */
  readonly refusal: string | undefined;
}

/** A file that is there and can't be read as JSON; the message is a whole sentence. */
export class ConfigFileProblem extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConfigFileProblem';
  }
}

/** No client's file comes near it. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * @param userId whose files may be written; `undefined` where the system has no such numbers
 * @returns `undefined` when there is no such file.
 * @throws {ConfigFileProblem}
 */
export function readConfigFile(path: string, userId: number | undefined): ConfigFile | undefined {
  let real: string;
  let stats: Stats;
  let bytes: Buffer;
  try {
    real = realpathSync(path);
    stats = statSync(real);
    if (!stats.isFile()) throw new ConfigFileProblem(`${path} is not a file.`);
    if (stats.size > MAX_BYTES) throw new ConfigFileProblem(`${path} is larger than 64 MiB.`);
    bytes = readFileSync(real);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (error instanceof ConfigFileProblem) throw error;
    throw new ConfigFileProblem(`${path} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
  return {
    path: real,
    bytes,
    document: parse(path, bytes),
    mode: stats.mode & 0o7777,
    groupId: stats.gid,
    refusal: writeRefusal(real, stats, userId),
  };
}

function parse(path: string, bytes: Buffer): JsonDocument {
  let document: JsonDocument;
  try {
    document = new JsonDocument(bytes);
  } catch (error) {
    if (error instanceof JsonTextError) {
      throw new ConfigFileProblem(`${path} is not JSON: ${error.message}. It is left as it is.`, {
        cause: error,
      });
    }
    if (error instanceof TypeError) {
      throw new ConfigFileProblem(`${path} is not text in UTF-8. It is left as it is.`, { cause: error });
    }
    throw error;
  }
  if (!document.isObject)
    throw new ConfigFileProblem(`${path} does not hold a JSON object. It is left as it is.`);
  return document;
}

/** A file is written by putting another in its place, which would be the current user's, and have no other name. */
function writeRefusal(path: string, stats: Stats, userId: number | undefined): string | undefined {
  if (userId !== undefined && stats.uid !== userId) {
    return `${path} belongs to another user (${stats.uid}): run import as that user`;
  }
  if (stats.nlink > 1) return `${path} has ${stats.nlink} names (hard links), which an edit would part`;
  return undefined;
}
