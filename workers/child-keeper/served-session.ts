/**
 * The keeper's record of a session whose server is a process: its port to the main thread, the process and everything
 * that it starts, and its folder for temporary files. When the port closes, from either side, all of them end.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { toPlainError } from '../../src/shared/errors.js';
import { decodeToWorker, encodeFromWorker } from '../../src/shared/frames/codec.js';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import type { ServeFrame } from '../../src/shared/keeper-frames.js';
import { folderPrefix } from '../../src/shared/process-owner.js';
import { readProcess } from '../../src/shared/process-table.js';
import { ChildLifetime } from './child-lifetime.js';
import { KeptServer, type KeptServerOwner } from './kept-server.js';
import { endLifetime, type KeeperServices } from './kept-thread.js';

export class ServedSession implements KeptServerOwner {
  readonly #thread: number;
  readonly #port: MessagePort;
  readonly #keeper: KeeperServices;
  readonly #lifetime: ChildLifetime;
  readonly #released: Promise<void>;
  #server: KeptServer | undefined;
  #temporaryFolder: string | undefined;
  #closed = false;

  constructor(thread: number, port: MessagePort, serve: ServeFrame, keeper: KeeperServices) {
    this.#thread = thread;
    this.#port = port;
    this.#keeper = keeper;
    this.#lifetime = new ChildLifetime((group, state) =>
      keeper.tellMain({ type: 'group', thread, group, state }),
    );
    this.#released = new Promise((resolve) => {
      port.on('close', () => {
        this.#closed = true;
        resolve(this.#end());
      });
    });
    port.on('message', (posted: unknown) => this.receive(posted));
    this.#start(serve);
  }

  /** Resolves when none of the session's processes is left. */
  get released(): Promise<void> {
    return this.#released;
  }

  close(): void {
    this.#port.close();
  }

  /** Handles a frame. One that cannot be handled ends this session's process, and nothing of other sessions. */
  receive(posted: unknown): void {
    try {
      this.#server?.receive(decodeToWorker(posted));
    } catch (error) {
      this.#fail(error);
    }
  }

  post(frame: FromWorkerFrame): void {
    if (!this.#closed) this.#port.postMessage(encodeFromWorker(frame));
  }

  exited(server: KeptServer): void {
    this.#lifetime.exited(server);
  }

  closed(server: KeptServer): void {
    this.#lifetime.remove(server);
    this.close();
  }

  /** Checks the memory of the process and its descendants, and kills it at once if it holds too much. */
  measure(residentBytes: (pids: readonly number[]) => number, pids: readonly number[]): void {
    const limitBytes = this.#server?.memoryLimitBytes;
    if (limitBytes === undefined || this.#closed) return;
    const usedBytes = residentBytes(pids);
    if (usedBytes <= limitBytes) return this.post({ type: 'memory', usedBytes, heapBytes: 0 });
    this.post({ type: 'over-memory', limit: 'process-memory-mb', usedBytes });
    this.#lifetime.signalGroups('SIGKILL');
  }

  get lifetime(): ChildLifetime {
    return this.#lifetime;
  }

  #start(serve: ServeFrame): void {
    try {
      const temporaryFolder = mkdtempSync(join(tmpdir(), folderPrefix()));
      this.#temporaryFolder = temporaryFolder;
      const { niceness, largeLines } = this.#keeper;
      const server = new KeptServer(
        serve,
        {
          marker: this.#lifetime.marker,
          niceness,
          temporaryFolder,
          readLarge: (request) => largeLines.read(request),
        },
        this,
      );
      this.#server = server;
      // Reaping needs a turn of the event loop, so the start time can still be read, however short the process lived.
      this.#lifetime.add(server, server.pid === undefined ? 0 : (readProcess(server.pid)?.startTicks ?? 0));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(thrown: unknown): void {
    this.post({ type: 'failed', stage: 'program', error: toPlainError(thrown) });
    this.close();
  }

  async #end(): Promise<void> {
    this.#server?.closeStdin();
    await endLifetime(this.#lifetime, this.#thread, this.#keeper);
    if (this.#temporaryFolder === undefined) return;
    try {
      rmSync(this.#temporaryFolder, { recursive: true, force: true, maxRetries: 2 });
    } catch (error) {
      const { message } = toPlainError(error);
      this.#keeper.tellMain({ type: 'folder-left', thread: this.#thread, message });
    }
  }
}
