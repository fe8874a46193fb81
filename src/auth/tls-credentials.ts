/**
 * What a listener speaks TLS with. The files are read at start, when one of them changes, and when the gateway reloads; then
 * new connections use what is in them now. Connections that are open stay so.
 */
import type { SecureContextOptions } from 'node:tls';
import { messageOf } from '../shared/errors.js';
import {
  isoTime,
  readTlsFiles,
  TlsFileError,
  type TlsFiles,
  type TlsPaths,
  validityProblem,
} from '../shared/tls-files.js';
import { WatchedFiles } from '../shared/watched-file.js';
import type { GatewayEmitter } from '../telemetry/events.js';

/** Certificate and key are two files: whoever replaces them may have written only one of them yet. */
const SECOND_LOOK_MS = 2_000;

export interface TlsCredentialsOptions {
  readonly paths: TlsPaths;
  /** How the options are called before `cert`, `key` and `client-ca`. */
  readonly prefix: 'tls-' | 'admin-tls-';
  readonly events: GatewayEmitter;
  readonly secondLookMs?: number;
}

export class TlsCredentials {
  readonly #options: TlsCredentialsOptions;
  readonly #watched: WatchedFiles;
  #files: TlsFiles;
  #apply: (files: TlsFiles) => void = () => {};
  #secondLook: NodeJS.Timeout | undefined;
  #closed = false;

  /** @throws {TlsFileError} */
  constructor(options: TlsCredentialsOptions) {
    const { cert, key, clientCa } = options.paths;
    this.#options = options;
    this.#files = readTlsFiles(options.paths);
    this.#warnOfValidity();
    const paths = [cert, key, ...(clientCa === undefined ? [] : [clientCa])];
    this.#watched = new WatchedFiles(paths, () => this.#changed());
  }

  get files(): TlsFiles {
    return this.#files;
  }

  /** @param apply gets what new connections shall use, each time it has changed; it may throw, and then nothing changes */
  follow(apply: (files: TlsFiles) => void): void {
    this.#apply = apply;
  }

  /** Reads the files now. What cannot be used is refused with a line in the log, and what was used before stays. */
  reload(): void {
    clearTimeout(this.#secondLook);
    try {
      this.#read();
    } catch (error) {
      this.#refuse(error);
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#secondLook);
    this.#watched.close();
  }

  #changed(): void {
    // A change may be noticed a moment before the end.
    if (this.#closed) return;
    clearTimeout(this.#secondLook);
    try {
      this.#read();
    } catch {
      // Said after the second look, if it is still so.
      const { secondLookMs = SECOND_LOOK_MS } = this.#options;
      this.#secondLook = setTimeout(() => this.reload(), secondLookMs).unref();
    }
  }

  /** @throws {TlsFileError} */
  #read(): void {
    const files = readTlsFiles(this.#options.paths);
    if (isSame(files.context, this.#files.context)) return;
    this.#apply(files);
    this.#files = files;
    const { prefix, events } = this.#options;
    const { subject, validTo } = files.certificate;
    events.emit('notice', {
      level: 'info',
      message: `The files of ${prefix}cert have changed: new connections use them`,
      fields: { subject: subject?.replaceAll('\n', ', '), validTo: isoTime(validTo) },
    });
    this.#warnOfValidity();
  }

  #refuse(error: unknown): void {
    const { prefix, paths, events } = this.#options;
    const part = error instanceof TlsFileError ? error.part : 'cert';
    const path = part === 'client-ca' ? paths.clientCa : paths[part];
    events.emit('notice', {
      level: 'error',
      message: `${prefix}${part} ${path} cannot be used, so what was used before stays: ${messageOf(error)}`,
    });
  }

  #warnOfValidity(): void {
    const { prefix, paths, events } = this.#options;
    const problem = validityProblem(this.#files.certificate);
    if (problem === undefined) return;
    events.emit('notice', {
      level: 'warn',
      message: `Clients will refuse the certificate in ${prefix}cert ${paths.cert}: ${problem}`,
    });
  }
}

function isSame(one: SecureContextOptions, other: SecureContextOptions): boolean {
  return one.cert === other.cert && one.key === other.key && one.ca === other.ca;
}
