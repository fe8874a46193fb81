/**
 * What was learned of servers, on disk, so that a gateway that is started again knows it: one file for each server, named
 * by a digest of its entry. The files belong to the user alone. They hold no more than a client of the server may see.
 *
 * Nothing depends on them: a file that cannot be read or written costs a log line, and the server is asked again.
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { canonicalJson } from '../shared/canonical-json.js';
import { messageOf } from '../shared/errors.js';
import { type HeaderAnnotations, isHeaderAnnotations } from '../shared/header-params.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import type { StoredSlot } from './learned-lists.js';
import type { ServerEntry } from './server-entry.js';

/** Must change when the files do. */
const FORMAT = 4;
/** A server that has just been learned is usually learned for a second client, or replaced, a moment later. */
const WRITE_AFTER_MS = 1_000;
/** Four bytes for each character that is remembered. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_FILES = 256;
const MAX_FOLDER_BYTES = 64 * 1024 * 1024;
/** A file that was not renamed: its gateway ended while it wrote. */
const UNFINISHED_AFTER_MS = 60 * 60_000;
const FILE_NAME = /^[\w-]{43}\.json$/;
const UNFINISHED_NAME = /^[\w-]{43}\.json\.[\w-]{36}$/;
/** Others may write to it. */
const OTHERS_WRITE = 0o022;

const ANSWER = z.strictObject({
  method: z.string(),
  before: z.string(),
  after: z.string(),
  failure: z.string().optional(),
  digest: z.string(),
});
const FILE = z.strictObject({
  format: z.literal(FORMAT),
  slots: z.array(
    z.strictObject({
      key: z.string(),
      params: z.string().optional(),
      answers: z.array(ANSWER),
      declared: z.strictObject({
        tools: z.boolean(),
        prompts: z.boolean(),
        resources: z.boolean(),
        logging: z.boolean(),
        subscribe: z.boolean(),
      }),
      tools: z.array(z.string()),
      headerParams: z.custom<HeaderAnnotations>(isHeaderAnnotations),
    }),
  ),
});

/** All files of a gateway. */
export class LearnedFiles {
  readonly #folder: string;
  readonly #version: string;
  readonly #events: GatewayEmitter;
  readonly #files = new Set<LearnedFile>();
  #complained = false;

  /**
   * @param folder the gateway's folder for what it can do without
   * @param version of the gateway: what one version has learned, another one learns again
   */
  constructor(folder: string, version: string, events: GatewayEmitter) {
    this.#folder = join(folder, 'learned');
    this.#version = version;
    this.#events = events;
  }

  /** The file of a server. */
  async of(entry: ServerEntry): Promise<LearnedFile> {
    const digest = await digestOf(entry, this.#version);
    const file = new LearnedFile(this.#folder, digest, (what, error) => this.#complain(what, error));
    this.#files.add(file);
    return file;
  }

  /** Another version of the server is served: what was learned of this one is not written any more. */
  async discard(file: LearnedFile): Promise<void> {
    this.#files.delete(file);
    await file.discard();
  }

  /** Resolves when what was learned last is written. */
  async close(): Promise<void> {
    await Promise.all([...this.#files].map((file) => file.close()));
  }

  /** Once, whatever the number of servers: a full disk, or a folder of another user, is so for all of them. */
  #complain(what: string, error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#events.emit('notice', {
      level: 'warn',
      message: `${what}, so the next gateway may have to ask servers for their lists again: ${messageOf(error)}`,
    });
  }
}

export class LearnedFile {
  readonly #folder: string;
  readonly #path: string;
  readonly #complain: (what: string, error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #slots: (() => readonly StoredSlot[]) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string, digest: string, complain: (what: string, error: unknown) => void) {
    this.#folder = folder;
    this.#path = join(folder, `${digest}.json`);
    this.#complain = complain;
  }

  /** Nothing, if there is no file, or one that cannot be trusted. */
  async read(): Promise<readonly StoredSlot[]> {
    try {
      await ownFolder(this.#folder);
      const slots = await readSlots(this.#path);
      // What is read is used, so that it is not the first to go.
      const now = new Date();
      await utimes(this.#path, now, now);
      return slots;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#complain('What was learned of a server cannot be read', error);
      return [];
    }
  }

  /**
   * Writes what was learned, soon.
   * @param slots what is known then; nothing removes the file
   */
  write(slots: () => readonly StoredSlot[]): void {
    this.#slots = slots;
    this.#timer ??= setTimeout(() => this.#write(), WRITE_AFTER_MS).unref();
  }

  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#write();
    await this.#writing;
  }

  async discard(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const slots = this.#slots?.() ?? [];
    this.#writing = this.#writing
      .then(() => (slots.length === 0 ? rm(this.#path, { force: true }) : this.#replace(slots)))
      .catch((error: unknown) => this.#complain('What was learned of a server cannot be written', error));
  }

  async #replace(slots: readonly StoredSlot[]): Promise<void> {
    const text = JSON.stringify({ format: FORMAT, slots });
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await ownFolder(this.#folder);
    const unfinished = `${this.#path}.${randomUUID()}`;
    try {
      await writeFile(unfinished, text, { flag: 'wx', mode: 0o600 });
      await rename(unfinished, this.#path);
    } finally {
      await rm(unfinished, { force: true });
    }
    await makeRoom(this.#folder);
  }
}

/** What is the same for two entries whose servers answer alike. The values of variables are in it, but not to be read. */
async function digestOf(entry: ServerEntry, version: string): Promise<string> {
  const { kind, env, inheritEnv, cwd, tools, isolation } = entry;
  const args = entry.kind === 'module' ? [] : entry.args;
  const file = fileOf(entry);
  const program = entry.kind === 'command' ? entry.command : (file ?? 'built-in');
  const inherited = inheritEnv === true ? true : inheritEnv.map((name) => [name, process.env[name] ?? null]);
  const rules = tools && { ...tools, rename: [...tools.rename], describe: [...tools.describe] };
  const stats = file === undefined ? undefined : await stat(file).catch(() => undefined);
  const parts = { version, kind, program, args, env, inherited, cwd, isolation };
  const text = canonicalJson({ ...parts, rules, changedMs: stats?.mtimeMs, bytes: stats?.size });
  return createHash('sha256').update(text).digest('base64url');
}

function fileOf(entry: ServerEntry): string | undefined {
  if (entry.kind === 'script') return entry.script;
  return entry.kind === 'module' && entry.moduleUrl !== undefined
    ? fileURLToPath(entry.moduleUrl)
    : undefined;
}

/** @throws {Error} if others can write to it, or it is something else */
async function ownFolder(folder: string): Promise<void> {
  const stats = await lstat(folder);
  if (!stats.isDirectory()) throw new Error(`${folder} is not a folder`);
  if (!isOwn(stats)) throw new Error(`${folder} belongs to another user, or others can write to it`);
}

/** Windows has neither users nor modes here. */
function isOwn({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return process.getuid === undefined || (uid === process.getuid() && (mode & OTHERS_WRITE) === 0);
}

async function readSlots(path: string): Promise<readonly StoredSlot[]> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const stats = await file.stat();
    if (!stats.isFile() || !isOwn(stats)) throw new Error(`${path} is not a file of this user alone`);
    if (stats.size > MAX_FILE_BYTES) throw new Error(`${path} is larger than ${MAX_FILE_BYTES} bytes`);
    const { slots } = FILE.parse(JSON.parse(await file.readFile('utf8')));
    for (const { answers, params = '{}' } of slots) {
      JSON.parse(params);
      for (const { before, after } of answers) JSON.parse(`${before}0${after}`);
    }
    return slots.map(({ key, params, answers, declared, tools, headerParams }) => ({
      key,
      params,
      declared,
      tools,
      headerParams,
      answers: answers.map((answer) => ({ ...answer, failure: answer.failure })),
    }));
  } catch (error) {
    const reason =
      error instanceof z.ZodError || error instanceof SyntaxError ? 'it is damaged' : messageOf(error);
    throw new Error(`${path}: ${reason}`, { cause: error });
  } finally {
    await file.close();
  }
}

/** Removes the files that have not been used for longest, until the rest is few and small enough. */
async function makeRoom(folder: string): Promise<void> {
  const files: { path: string; bytes: number; usedMs: number }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined) continue;
    if (FILE_NAME.test(name)) files.push({ path, bytes: stats.size, usedMs: stats.mtimeMs });
    else if (UNFINISHED_NAME.test(name) && Date.now() - stats.mtimeMs > UNFINISHED_AFTER_MS)
      await rm(path, { force: true });
  }
  files.sort((one, other) => other.usedMs - one.usedMs);
  let bytes = 0;
  for (const [index, file] of files.entries()) {
    bytes += file.bytes;
    if (index >= MAX_FILES || bytes > MAX_FOLDER_BYTES) await rm(file.path, { force: true });
  }
}
