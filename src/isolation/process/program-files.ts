/**
 * The code of a Node program as its processes receive it. The first processes load its files. When its bundle is built,
 * it is written to a folder of the gateway's own, and later ones run that; one of them writes V8's code cache there for
 * those after it.
 */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BundledModule } from '../../servers/bundle-parts.js';
import { OriginalPositions } from '../../servers/original-positions.js';
import { messageOf } from '../../shared/errors.js';
import { makeOwnedFolder } from '../../shared/owned-folder.js';
import { newMark } from '../../shared/process-owner.js';
import { BUNDLE_FILE, FUNCTION_HEAD, FUNCTION_TAIL } from '../../shared/program-files.js';
import type { GatewayEmitter } from '../../telemetry/events.js';

const LAUNCHER = fileURLToPath(new URL('../../../workers/program-launcher.cjs', import.meta.url));

export class ProgramFiles {
  readonly #events: GatewayEmitter;
  readonly #written: Promise<void>;
  #folder: string | undefined;
  /** Whether the folder has all that it needs. */
  #ready = false;
  #positions: OriginalPositions | undefined;

  /** @param bundle `undefined` if processes load the files of the program */
  constructor(bundle: Promise<BundledModule | undefined>, events: GatewayEmitter) {
    this.#events = events;
    this.#written = bundle.then((built) => built && this.#write(built));
  }

  /** The arguments with which Node runs the program. */
  argumentsFor(script: string, args: readonly string[]): string[] {
    return this.#ready && this.#folder !== undefined
      ? [LAUNCHER, this.#folder, script, ...args]
      : [script, ...args];
  }

  /** A text from a process, with positions in the program's own files. */
  in(text: string): string {
    return this.#positions?.in(text) ?? text;
  }

  /** Removes the folder. No process may start any more. */
  async close(): Promise<void> {
    await this.#written;
    this.#ready = false;
    if (this.#folder === undefined) return;
    try {
      await rm(this.#folder, { recursive: true, force: true, maxRetries: 2 });
    } catch (error) {
      this.#note('a folder with the bundle of a program could not be removed', error);
    }
  }

  async #write(bundle: BundledModule): Promise<void> {
    try {
      this.#folder = makeOwnedFolder(tmpdir(), newMark());
      const text = [FUNCTION_HEAD, Buffer.from(bundle.text), FUNCTION_TAIL];
      await writeFile(join(this.#folder, BUNDLE_FILE), text, { mode: 0o600 });
      this.#positions = new OriginalPositions(bundle);
      this.#ready = true;
    } catch (error) {
      this.#note(
        "the bundle of a program could not be written, so processes load the program's files",
        error,
      );
    }
  }

  #note(what: string, error: unknown): void {
    this.#events.emit('notice', { level: 'warn', message: `${what}: ${messageOf(error)}` });
  }
}
