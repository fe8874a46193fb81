/**
 * The main thread's side of the child-process keeper: hands out the ports, knows which process groups live, and
 * starts the keeper thread when the first child process of all is asked for (30 ms and 10 MB, which a gateway
 * whose tools start no processes never pays).
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { GatewayEmitter } from '../events.js';
import { messageOf } from '../shared/errors.js';
import type {
  ChildKeeperData,
  ChildRequestFrame,
  GroupState,
  KeeperCommandFrame,
  KeeperReportFrame,
} from '../shared/keeper-frames.js';
import { signalGroup, signalLeaderlessGroup } from '../shared/process-group.js';

/** Longer than the keeper needs to give up on a process that SIGKILL does not end. */
const CLOSE_DEADLINE_MS = 6_000;

/** A started keeper thread, and the port to it: unlike a `Worker`'s own, it can be read synchronously. */
interface StartedKeeper {
  readonly worker: Worker;
  readonly port: MessagePort;
}

/** A session thread that was given a port. */
interface ConnectedThread {
  readonly groups: Map<number, Exclude<GroupState, 'gone'>>;
  readonly released: Promise<void>;
  readonly release: () => void;
  /** The keeper that has its port; `undefined` while it has started no child process. */
  keeper: StartedKeeper | undefined;
}

export class ChildKeeper {
  readonly #entry: URL;
  readonly #events: GatewayEmitter;
  readonly #niceIncrement: number;
  readonly #threads = new Map<number, ConnectedThread>();
  /** The main thread's ends of the ports over which nothing has come yet. */
  readonly #silent = new Set<MessagePort>();
  #keeper: StartedKeeper | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param entry URL of the bundled `workers/child-keeper`.
   * @param niceIncrement how much nicer child processes are than the gateway: as much as session threads, since
   *   what a tool starts must starve the main thread no more than the tool itself.
   */
  constructor(entry: URL, events: GatewayEmitter, niceIncrement = 0) {
    this.#entry = entry;
    this.#events = events;
    this.#niceIncrement = niceIncrement;
  }

  /**
   * Makes the port that a session thread is given as `keeperPort`. When it closes, which the thread's death
   * brings about, all child processes of that thread are killed.
   * @param thread the gateway's own number of the thread, never used twice.
   */
  connect(thread: number): MessagePort {
    const { port1: own, port2: theirs } = new MessageChannel();
    if (this.#closing !== undefined) {
      own.close();
      return theirs;
    }
    const { promise: released, resolve: release } = withResolvers();
    const connected: ConnectedThread = { groups: new Map(), released, release, keeper: undefined };
    this.#threads.set(thread, connected);
    this.#silent.add(own);
    own.once('close', () => {
      this.#silent.delete(own);
      this.#release(thread);
    });
    // What comes after the first frame waits in the port and moves to the keeper with it.
    own.once('message', (first: ChildRequestFrame) => {
      own.removeAllListeners('close');
      this.#silent.delete(own);
      connected.keeper = this.#keeper ??= this.#start();
      const frame: KeeperCommandFrame = { type: 'connect', thread, port: own, first };
      connected.keeper.port.postMessage(frame, [own]);
    });
    return theirs;
  }

  /** How many child processes of this thread run. A group that its first process has left counts as one. */
  running(thread: number): number {
    return this.#threads.get(thread)?.groups.size ?? 0;
  }

  /** How many child processes of all threads run. */
  get total(): number {
    let total = 0;
    for (const { groups } of this.#threads.values()) total += groups.size;
    return total;
  }

  /** Whether the keeper thread runs, which the first child process of all starts. */
  get started(): boolean {
    return this.#keeper !== undefined;
  }

  /** Resolves when the thread's port is closed and all its child processes are gone. */
  released(thread: number): Promise<void> {
    return this.#threads.get(thread)?.released ?? Promise.resolve();
  }

  /** Sends SIGKILL to every known process group, synchronously: for the `exit` event of the process. */
  killAllNow(): void {
    if (this.#keeper !== undefined) this.#drain(this.#keeper.port);
    for (const { groups } of this.#threads.values()) killGroups(groups);
  }

  /** Kills all child processes, with the usual grace, and ends the keeper thread. A port that is made after that is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const port of this.#silent) port.close();
    const keeper = this.#keeper;
    if (keeper === undefined) return;
    const { promise: ended, resolve } = withResolvers();
    const deadline = setTimeout(resolve, CLOSE_DEADLINE_MS);
    keeper.worker.once('exit', resolve);
    keeper.port.on('message', (frame: KeeperReportFrame) => {
      if (frame.type === 'closed') resolve();
    });
    const frame: KeeperCommandFrame = { type: 'close' };
    keeper.port.postMessage(frame);
    await ended;
    clearTimeout(deadline);
    this.killAllNow();
    await keeper.worker.terminate();
  }

  #start(): StartedKeeper {
    const { port1: port, port2: mainPort } = new MessageChannel();
    const workerData: ChildKeeperData = { mainPort, niceIncrement: this.#niceIncrement };
    const worker = new Worker(this.#entry, { name: 'child-keeper', workerData, transferList: [mainPort] });
    const keeper = { worker, port };
    port.on('message', (frame: KeeperReportFrame) => this.#receive(frame));
    worker.on('error', (error) => {
      this.#notice('The child-process keeper failed.', { error: messageOf(error) });
    });
    worker.on('exit', () => this.#exited(keeper));
    return keeper;
  }

  /** Takes in what the keeper has said and the event loop has not come to yet. */
  #drain(port: MessagePort): void {
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      this.#receive(next.message);
    }
  }

  #receive(frame: KeeperReportFrame): void {
    switch (frame.type) {
      case 'group': {
        const groups = this.#threads.get(frame.thread)?.groups;
        if (frame.state === 'gone') groups?.delete(frame.group);
        else groups?.set(frame.group, frame.state);
        return;
      }
      case 'killed':
        this.#events.emit('children-killed', { processes: frame.processes });
        return;
      case 'survivors':
        this.#notice('Child processes could not be killed.', { thread: frame.thread, pids: frame.pids });
        return;
      case 'released':
        this.#release(frame.thread);
        return;
      case 'closed':
        return;
      default:
        throw new TypeError(
          `Unknown frame from the child-process keeper: ${JSON.stringify(frame satisfies never)}`,
        );
    }
  }

  #release(thread: number): void {
    const connected = this.#threads.get(thread);
    this.#threads.delete(thread);
    connected?.release();
  }

  /** What it had started can be killed, but stays a zombie until the gateway ends: nobody is left to reap it. */
  #exited(ended: StartedKeeper): void {
    this.#drain(ended.port);
    ended.port.close();
    if (this.#keeper === ended) this.#keeper = undefined;
    let killed = 0;
    for (const [thread, { groups, keeper }] of this.#threads) {
      if (keeper !== ended) continue;
      killed += groups.size;
      killGroups(groups);
      this.#release(thread);
    }
    if (this.#closing !== undefined) return;
    this.#notice('The child-process keeper ended; child processes of live sessions were killed.', {
      processes: killed,
    });
  }

  #notice(message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#events.emit('notice', { level: 'error', message, fields });
  }
}

function killGroups(groups: ConnectedThread['groups']): void {
  for (const [group, state] of groups) {
    if (state === 'running') signalGroup(group, 'SIGKILL');
    else signalLeaderlessGroup(group, 'SIGKILL');
  }
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: (() => void) | undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve?.() };
}
