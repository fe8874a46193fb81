/** A configuration file: its content, and whether it may be written. */
import { readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { messageOf } from '../shared/errors.js';
import { JsonTextError } from '../shared/json-text.js';
import { JsonDocument } from './json-document.js';

export interface ConfigFile {
  /** The path of the file itself. A symbolic link to it stays. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly document: JsonDocument;
  /** Permission bits. */
  readonly mode: number;
  readonly groupId: number;
  /** One sentence that says why it can be read but must not be written, or `undefined`. */
  readonly refusal: string | undefined;
}

/** The file exists but cannot be read as JSON. The message is a complete sentence. */
export class ConfigFileProblem extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConfigFileProblem';
  }
}

/** Much larger than the files of clients. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * @param userId the user whose files may be written; `undefined` if the system has no such numbers
 * @returns `undefined` if there is no such file
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

/** Writing replaces a file by another one, which belongs to the current user and has no other hard link. */
function writeRefusal(path: string, stats: Stats, userId: number | undefined): string | undefined {
  if (userId !== undefined && stats.uid !== userId) {
    return `${path} belongs to another user (${stats.uid}): run import as that user`;
  }
  if (stats.nlink > 1) return `${path} has ${stats.nlink} names (hard links), which an edit would part`;
  return undefined;
}
