/**
 * The keeper's record of a session whose server is a process: its port to the main thread, the process and everything
 * that it starts, and its folder for temporary files. When the port closes, from either side, all of them end.
 */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { MessagePort } from 'node:worker_threads';
import { toPlainError } from '../../src/shared/errors.js';
import { encodeFromWorker } from '../../src/shared/frames/codec.js';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import type { ServeFrame, ServeModuleFrame } from '../../src/shared/keeper-frames.js';
import { makeOwnedFolder } from '../../src/shared/owned-folder.js';
import { readProcess } from '../../src/shared/process-table.js';
import { ChildLifetime } from './child-lifetime.js';
import { KeptModule, type KeptModuleOwner } from './kept-module.js';
import { KeptServer } from './kept-server.js';
import { endLifetime, type KeeperServices, KeptThread, type ThreadPort } from './kept-thread.js';
import type { ServedProcess, ServedProcessTraits } from './served-process.js';

export class ServedSession implements KeptModuleOwner {
  readonly #thread: number;
  readonly #port: MessagePort;
  readonly #keeper: KeeperServices;
  readonly #lifetime: ChildLifetime;
  readonly #released: Promise<void>;
  #process: ServedProcess | undefined;
  /** Child processes that a module has started with `session.spawn`. */
  #children: KeptThread | undefined;
  #temporaryFolder: string | undefined;
  #closed = false;

  constructor(
    thread: number,
    port: MessagePort,
    serve: ServeFrame | ServeModuleFrame,
    keeper: KeeperServices,
  ) {
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
      this.#process?.receive(posted);
    } catch (error) {
      this.#fail(error);
    }
  }

  post(frame: FromWorkerFrame): void {
    this.relay(encodeFromWorker(frame));
  }

  relay(posted: unknown): void {
    if (!this.#closed) this.#port.postMessage(posted);
  }

  openChildren(port: ThreadPort): void {
    if (this.#closed) return;
    this.#children = new KeptThread(this.#thread, port, this.#keeper);
  }

  started(process: ServedProcess): void {
    this.#add(process);
  }

  exited(process: ServedProcess): void {
    this.#lifetime.exited(process);
  }

  closed(process: ServedProcess): void {
    this.#lifetime.remove(process);
    this.close();
  }

  /**
   * Checks the memory of the process, of what its module has started with `session.spawn`, and of all their descendants,
   * and kills them at once if they hold too much.
   * @param residentBytes `undefined`: not known at the moment
   */
  measure(residentBytes: (lifetime: ChildLifetime) => number | undefined): void {
    if (this.#process === undefined || this.#closed) return;
    const { memoryLimitBytes: limitBytes, heapBytes } = this.#process;
    const lifetimes = [this.#lifetime, ...(this.#children?.lifetimes ?? [])];
    let usedBytes = 0;
    for (const lifetime of lifetimes) {
      const bytes = residentBytes(lifetime);
      if (bytes === undefined) return;
      usedBytes += bytes;
    }
    if (usedBytes <= limitBytes) return this.post({ type: 'memory', usedBytes, heapBytes });
    this.post({ type: 'over-memory', limit: 'process-memory-mb', usedBytes });
    for (const lifetime of lifetimes) lifetime.signalGroups('SIGKILL');
  }

  #start(serve: ServeFrame | ServeModuleFrame): void {
    try {
      const temporaryFolder = makeOwnedFolder(tmpdir(), this.#lifetime.marker);
      this.#temporaryFolder = temporaryFolder;
      const { niceness, largeLines } = this.#keeper;
      const traits: ServedProcessTraits = { marker: this.#lifetime.marker, niceness, temporaryFolder };
      const served =
        serve.type === 'serve'
          ? new KeptServer(serve, { ...traits, readLarge: (request) => largeLines.read(request) }, this)
          : new KeptModule(serve, traits, this);
      this.#process = served;
      this.#add(served);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Reaping needs a turn of the event loop, so the start time can still be read, however short the process lived. */
  #add(served: ServedProcess): void {
    this.#lifetime.add(served, served.pid === undefined ? 0 : (readProcess(served.pid)?.startTicks ?? 0));
  }

  #fail(thrown: unknown): void {
    this.post({ type: 'failed', stage: 'program', error: toPlainError(thrown) });
    this.close();
  }

  async #end(): Promise<void> {
    this.#process?.closeStdin();
    this.#children?.close();
    await Promise.all([endLifetime(this.#lifetime, this.#thread, this.#keeper), this.#children?.released]);
    if (this.#temporaryFolder === undefined) return;
    try {
      rmSync(this.#temporaryFolder, { recursive: true, force: true, maxRetries: 2 });
    } catch (error) {
      const { message } = toPlainError(error);
      this.#keeper.tellMain({ type: 'folder-left', thread: this.#thread, message });
    }
  }
}
