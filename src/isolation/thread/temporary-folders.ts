/** The folders for temporary files of programs in threads: each has its own, which is removed with the thread. */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { messageOf } from '../../shared/errors.js';
import { makeOwnedFolder } from '../../shared/owned-folder.js';
import type { GatewayEmitter } from '../../telemetry/events.js';

export class TemporaryFolders {
  readonly #events: GatewayEmitter;
  /** By the thread's number. */
  readonly #folders = new Map<number, { readonly path: string; removed?: Promise<void> }>();

  constructor(events: GatewayEmitter) {
    this.#events = events;
  }

  /**
   * @param mark that of the thread's processes
   * @returns its path
   */
  make(thread: number, mark: string): string {
    const path = makeOwnedFolder(tmpdir(), mark);
    this.#folders.set(thread, { path });
    return path;
  }

  /** Resolves when the thread has none any more. A failure is reported. */
  remove(thread: number): Promise<void> {
    const folder = this.#folders.get(thread);
    if (folder === undefined) return Promise.resolve();
    folder.removed ??= this.#remove(thread, folder.path);
    return folder.removed;
  }

  /** Resolves when all that are being removed are gone. */
  async settled(): Promise<void> {
    await Promise.all([...this.#folders.values()].map(({ removed }) => removed));
  }

  async #remove(thread: number, path: string): Promise<void> {
    try {
      // A process that the thread started may still write to it.
      await rm(path, { recursive: true, force: true, maxRetries: 2 });
    } catch (error) {
      this.#events.emit('notice', {
        level: 'error',
        message: 'A folder for temporary files of a session could not be removed.',
        fields: { thread, error: messageOf(error) },
      });
    }
    this.#folders.delete(thread);
  }
}
