/** Walks through a folder and applies a regular expression to each line of each text file. */
import { sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { listEntries, type OpenedPath, readWindow } from './opened-path.js';
import { hasCode, type RootFolders } from './root-folders.js';
import { DETECTION_BYTES, decodeText, detectEncoding } from './text-encoding.js';
import { ToolError } from './tool-result.js';

export interface SearchRequest {
  readonly pattern: RegExp;
  /** Whether a file should be searched, by its path relative to the start, with `/` between names. */
  readonly accepts: (relativePath: string) => boolean;
  /** Whether `.git` and `node_modules` are entered. */
  readonly includeIgnored: boolean;
  readonly maxMatches: number;
  /** Called after each file. */
  readonly onProgress: (filesSearched: number) => Promise<void>;
}

interface SearchMatch {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

export interface SearchOutcome {
  readonly matches: SearchMatch[];
  filesSearched: number;
  filesSkipped: number;
  truncated: boolean;
}

/** Larger files are skipped: the search is for sources and logs of a size that people read. */
export const MAX_FILE_BYTES = 2_097_152;
const MAX_LINE_CHARACTERS = 400;
const MAX_DEPTH = 64;
const IGNORED_FOLDERS: ReadonlySet<string> = new Set(['.git', 'node_modules']);

/**
 * Searches an opened file, or everything below an opened folder; the caller closes `start`. Symbolic links are not
 * followed. The pattern runs on this thread and cannot be interrupted while it is applied to one line.
 * @throws the signal's reason when it aborts, between two files at the latest
 */
export async function searchBelow(
  roots: RootFolders,
  start: OpenedPath,
  request: SearchRequest,
  signal: AbortSignal,
): Promise<SearchOutcome> {
  const outcome: SearchOutcome = { matches: [], filesSearched: 0, filesSkipped: 0, truncated: false };
  const search = new TextSearch(roots, start.realPath, request, signal, outcome);
  await (start.stats.isDirectory() ? search.folder(start, 0) : search.file(start));
  return outcome;
}

class TextSearch {
  readonly #roots: RootFolders;
  readonly #startPath: string;
  readonly #request: SearchRequest;
  readonly #signal: AbortSignal;
  readonly #outcome: SearchOutcome;

  constructor(
    roots: RootFolders,
    startPath: string,
    request: SearchRequest,
    signal: AbortSignal,
    outcome: SearchOutcome,
  ) {
    this.#roots = roots;
    this.#startPath = startPath;
    this.#request = request;
    this.#signal = signal;
    this.#outcome = outcome;
  }

  async folder(opened: OpenedPath, depth: number): Promise<void> {
    const { entries, complete } = await listEntries(opened, this.#signal);
    if (!complete) this.#outcome.truncated = true;
    for (const entry of entries) {
      if (this.#isFull()) return;
      const path = `${opened.realPath === sep ? '' : opened.realPath}${sep}${entry.name}`;
      if (entry.isDirectory()) await this.#enter(path, entry.name, depth + 1);
      else if (entry.isFile() && this.#request.accepts(this.#relative(path))) await this.#openFile(path);
    }
  }

  async file(opened: OpenedPath): Promise<void> {
    // Reading yields too, but only one turn later a cancellation that arrived meanwhile is certain to be seen.
    await setImmediate();
    this.#signal.throwIfAborted();
    const bytes = await wholeFile(opened);
    const encoding = bytes && detectEncoding(bytes, true);
    if (bytes === undefined || encoding === undefined) {
      this.#outcome.filesSkipped += 1;
      return;
    }
    await this.#lines(decodeText(bytes, encoding), opened.realPath);
    this.#outcome.filesSearched += 1;
    await this.#request.onProgress(this.#outcome.filesSearched);
  }

  async #lines(text: string, realPath: string): Promise<void> {
    let line = 0;
    for (const content of text.split(/\r?\n/)) {
      line += 1;
      if (!this.#request.pattern.test(content)) continue;
      if (this.#outcome.matches.length === this.#request.maxMatches) {
        this.#outcome.truncated = true;
        return;
      }
      const path = await this.#roots.display(realPath);
      this.#outcome.matches.push({ path, line, text: content.slice(0, MAX_LINE_CHARACTERS) });
    }
  }

  async #enter(path: string, name: string, depth: number): Promise<void> {
    if (!this.#request.includeIgnored && IGNORED_FOLDERS.has(name)) return;
    if (depth > MAX_DEPTH) {
      this.#outcome.truncated = true;
      return;
    }
    await this.#withOpened(path, (opened) => this.folder(opened, depth));
  }

  async #openFile(path: string): Promise<void> {
    await this.#withOpened(path, (opened) => this.file(opened));
  }

  /** A file that vanished, may not be read, or was replaced by a link since it was listed counts as skipped. */
  async #withOpened(path: string, use: (opened: OpenedPath) => Promise<void>): Promise<void> {
    this.#signal.throwIfAborted();
    let opened: OpenedPath;
    try {
      opened = await this.#roots.openReal(path);
    } catch (error) {
      if (!hasCode(error) && !(error instanceof ToolError)) throw error;
      this.#outcome.filesSkipped += 1;
      return;
    }
    try {
      await use(opened);
    } finally {
      await opened.handle.close();
    }
  }

  #isFull(): boolean {
    return this.#outcome.truncated && this.#outcome.matches.length >= this.#request.maxMatches;
  }

  #relative(path: string): string {
    const prefix = this.#startPath === sep ? 1 : this.#startPath.length + 1;
    return path.slice(prefix).replaceAll(sep, '/');
  }
}

/** `undefined` for a file that is too large. The system reports 0 for files that it generates when they are read. */
async function wholeFile({ handle, stats }: OpenedPath): Promise<Uint8Array | undefined> {
  if (stats.size > MAX_FILE_BYTES) return undefined;
  return await readWindow(handle, 0, stats.size || DETECTION_BYTES);
}
