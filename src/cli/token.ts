/** `bulkhead token create`: makes a named token, prints it once, and writes its digest to `tokens-file`. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { digestOf } from '../auth/bearer.js';
import { isTokenName, readTokenLines, tokenLine } from '../auth/token-lines.js';
import { optionError } from '../config/option-error.js';
import { messageOf } from '../shared/errors.js';
import { isScope } from '../shared/scopes.js';
import { CommandFailure, EXIT_OK } from './failure.js';

export interface TokenRequest {
  readonly name: string;
  /** As the user wrote it; `undefined`: `BULKHEAD_TOKENS_FILE`, or `tokens.txt`. */
  readonly file: string | undefined;
  readonly scopes: readonly string[] | undefined;
  /** Days such as `90d`, a time, or `never`; `undefined`: a year. */
  readonly expires: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** What a token begins with, so that programs that search for leaked secrets find it. */
const PREFIX = 'bulkhead_';
const TOKEN_BYTES = 32;
const DAY_MS = 86_400_000;
const DEFAULT_EXPIRY = '365d';
const MAX_DAYS = 36_500;

/**
 * @returns the exit code
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for a wrong name, scope or expiry, and for a name that is taken
 * @throws {CommandFailure} if the file cannot be read or written
 */
export function createToken(request: TokenRequest): number {
  const { name, environment, cwd } = request;
  if (!isTokenName(name))
    throw optionError(
      `The name is ${JSON.stringify(name)}, but must be 1 to 100 letters, digits or . _ @ + -, and begin with a letter or digit.`,
    );
  const scopes = (request.scopes ?? []).flatMap((list) => list.split(','));
  const wrongScope = scopes.find((scope) => !isScope(scope) || scope.includes(','));
  if (wrongScope !== undefined)
    throw optionError(`--scopes is ${JSON.stringify(wrongScope)}, but must be scopes separated by commas.`);
  const expiresAtMs = readExpiry(request.expires ?? DEFAULT_EXPIRY);
  const path = resolve(cwd, request.file ?? environment.BULKHEAD_TOKENS_FILE ?? 'tokens.txt');
  const token = PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
  const line = tokenLine({ name, digest: digestOf(token), scopes, expiresAtMs });
  try {
    append(path, name, line);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error)
      throw new CommandFailure(`${path} cannot be changed: ${messageOf(error)}`);
    throw error;
  }
  const until =
    expiresAtMs === undefined ? 'does not expire' : `expires on ${new Date(expiresAtMs).toISOString()}`;
  process.stdout.write(`${token}\n`);
  process.stderr.write(
    `The token of ${name} ${until}. It is shown only now: ${path} has its SHA-256. A gateway with --tokens-file ${basename(path)} takes it within a second.\n`,
  );
  return EXIT_OK;
}

function readExpiry(written: string): number | undefined {
  if (written === 'never') return undefined;
  const days = /^(\d{1,6})d$/.exec(written)?.[1];
  const atMs = days === undefined ? timeOf(written) : daysFromNow(Number(days));
  if (atMs === undefined || atMs <= Date.now())
    throw optionError(
      `--expires is ${JSON.stringify(written)}, but must be a number of days such as 90d (at most ${MAX_DAYS}), a time in the future such as 2027-03-31T00:00:00Z, or never.`,
    );
  return atMs;
}

function daysFromNow(days: number): number | undefined {
  // A whole second: nobody needs the rest of it in a file.
  return days <= MAX_DAYS ? Math.floor((Date.now() + days * DAY_MS) / 1_000) * 1_000 : undefined;
}

function timeOf(written: string): number | undefined {
  const line = `name ${'0'.repeat(64)} - ${written}`;
  return /\s/.test(written) ? undefined : readTokenLines(line).tokens[0]?.expiresAtMs;
}

/** The file is replaced as a whole, so that a gateway never reads half of it. Others cannot read a new one. */
function append(path: string, name: string, line: string): void {
  const exists = existsSync(path);
  const target = exists ? realpathSync(path) : path;
  const before = exists ? readFileSync(target, 'utf8') : '';
  if (readTokenLines(before).tokens.some((token) => token.name === name))
    throw optionError(
      `${path} already has a token named ${name}: delete its line to revoke it, or choose another name.`,
    );
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  const mode = exists ? statSync(target).mode & 0o777 : 0o600;
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
  const file = openSync(temporary, 'wx', mode);
  try {
    try {
      writeSync(file, `${before}${gap}${line}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, target);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}
