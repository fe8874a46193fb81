import type { TransferListItem } from 'node:worker_threads';
import type {
  ChildReportFrame,
  ChildRequestFrame,
  KeeperReportFrame,
  StartFrame,
} from '../../src/shared/keeper-frames.js';
import { readProcess } from '../../src/shared/process-table.js';
import { ChildLifetime } from './child-lifetime.js';
import { KeptChild, type KeptChildOwner } from './kept-child.js';
import type { LargeLineReader } from './large-line-reader.js';
import type { LifetimeReaper } from './lifetime-reaper.js';

/** The port of a session thread, or what is in its place for a process. */
export interface ThreadPort {
  postMessage(frame: ChildReportFrame, transfer: readonly TransferListItem[]): void;
  on(event: 'message', listener: (frame: ChildRequestFrame) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  /** The `close` event follows. */
  close(): void;
}

/** What the records of all session threads share. */
export interface KeeperServices {
  readonly reaper: LifetimeReaper;
  /** The nice value of every child process; `undefined` for the gateway's own. */
  readonly niceness: number | undefined;
  readonly largeLines: LargeLineReader;
  readonly tellMain: (frame: KeeperReportFrame) => void;
}

/**
 * The keeper's record of one session thread: its port, and its child processes by the request or session with which
 * they end. When the port closes, the thread has died.
 */
export class KeptThread implements KeptChildOwner {
  readonly #thread: number;
  readonly #port: ThreadPort;
  readonly #keeper: KeeperServices;
  readonly #children = new Map<number, KeptChild>();
  readonly #lifetimeOf = new Map<KeptChild, ChildLifetime>();
  /** By request key; `undefined` is for the session itself. */
  readonly #lifetimes = new Map<string | undefined, ChildLifetime>();
  /** Processes that are being ended at the moment. */
  readonly #endings = new Set<Promise<void>>();
  readonly #released: Promise<void>;
  #closed = false;

  constructor(thread: number, port: ThreadPort, keeper: KeeperServices) {
    this.#thread = thread;
    this.#port = port;
    this.#keeper = keeper;
    this.#released = new Promise((resolve) => {
      port.on('close', () => {
        this.#closed = true;
        for (const child of this.#children.values()) child.discardOutput();
        resolve(this.#endAll());
      });
    });
    port.on('message', (frame: ChildRequestFrame) => this.receive(frame));
  }

  /** Resolves when the session thread is gone and none of its processes is left. */
  get released(): Promise<void> {
    return this.#released;
  }

  /** Its child processes, by what they end with. */
  get lifetimes(): Iterable<ChildLifetime> {
    return this.#lifetimes.values();
  }

  /** Ends everything as if the session thread had died. */
  close(): void {
    this.#port.close();
  }

  /** Handles a frame. One that cannot be handled ends what this thread has started, and nothing of other threads. */
  receive(frame: ChildRequestFrame): void {
    try {
      this.#receive(frame);
    } catch {
      // Its session notices because the port closes: it can start no more processes.
      this.close();
    }
  }

  #receive(frame: ChildRequestFrame): void {
    switch (frame.type) {
      case 'start':
        this.#start(frame);
        return;
      case 'stdin':
        this.#children.get(frame.child)?.write(frame.bytes);
        return;
      case 'stdin-end':
        this.#children.get(frame.child)?.endStdin();
        return;
      case 'credit':
        this.#children.get(frame.child)?.credit(frame.stream, frame.bytes);
        return;
      case 'output-destroy':
        this.#children.get(frame.child)?.destroyOutput(frame.stream);
        return;
      case 'signal':
        this.#children.get(frame.child)?.signal(frame.signal, frame.toGroup === true);
        this.report({ type: 'signalled', child: frame.child, signal: frame.signal });
        return;
      case 'end-request':
        this.#end(frame.requestKey);
        return;
      case 'end-all':
        void this.#endAll().then(() => this.report({ type: 'all-ended' }));
        return;
      default:
        throw new TypeError(`Unknown frame from a session thread: ${JSON.stringify(frame satisfies never)}`);
    }
  }

  report(frame: ChildReportFrame, transfer: readonly TransferListItem[] = []): void {
    if (!this.#closed) this.#port.postMessage(frame, transfer);
  }

  exited(child: KeptChild): void {
    this.#lifetimeOf.get(child)?.exited(child);
  }

  closed(child: KeptChild): void {
    this.#lifetimeOf.get(child)?.remove(child);
    this.#lifetimeOf.delete(child);
    this.#children.delete(child.id);
  }

  #start(frame: StartFrame): void {
    let lifetime = this.#lifetimes.get(frame.requestKey);
    if (lifetime === undefined) {
      lifetime = new ChildLifetime((group, state) =>
        this.#keeper.tellMain({ type: 'group', thread: this.#thread, group, state }),
      );
      this.#lifetimes.set(frame.requestKey, lifetime);
    }
    const child = new KeptChild(frame, { marker: lifetime.marker, niceness: this.#keeper.niceness }, this);
    this.#children.set(child.id, child);
    this.#lifetimeOf.set(child, lifetime);
    // Reaping needs a turn of the event loop, so the start time can still be read, however short the process lived.
    lifetime.add(child, child.pid === undefined ? 0 : (readProcess(child.pid)?.startTicks ?? 0));
  }

  #end(requestKey: string | undefined): void {
    const lifetime = this.#lifetimes.get(requestKey);
    if (lifetime === undefined) return;
    this.#lifetimes.delete(requestKey);
    const ending = endLifetime(lifetime, this.#thread, this.#keeper).then(() => {
      this.#endings.delete(ending);
    });
    this.#endings.add(ending);
  }

  /** Resolves when everything that runs, and everything that was already being ended, has ended. */
  async #endAll(): Promise<void> {
    for (const requestKey of [...this.#lifetimes.keys()]) this.#end(requestKey);
    await Promise.all(this.#endings);
  }
}

/** Ends what belongs to a thread, and tells the main thread what still ran, and what could not be killed. */
export async function endLifetime(
  lifetime: ChildLifetime,
  thread: number,
  { reaper, tellMain }: KeeperServices,
): Promise<void> {
  const { killed, survivors } = await reaper.end(lifetime);
  if (killed > 0) tellMain({ type: 'killed', thread, processes: killed });
  if (survivors.length > 0) tellMain({ type: 'survivors', thread, pids: survivors });
}
