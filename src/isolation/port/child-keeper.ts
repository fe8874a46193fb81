/**
 * The main thread's side of the child keeper. It hands out the ports, knows which process groups are alive, and starts
 * the keeper thread with the first child process. The keeper takes 30 ms and 10 MB, which a gateway whose tools start
 * no processes never spends.
 */
import { constants } from 'node:os';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { messageOf } from '../../shared/errors.js';
import type {
  ChildKeeperData,
  ChildReportFrame,
  ChildRequestFrame,
  GroupState,
  KeeperCommandFrame,
  KeeperReportFrame,
} from '../../shared/keeper-frames.js';
import { signalGroup, signalLeaderlessGroup } from '../../shared/process-group.js';
import { processProcessorMs } from '../../shared/process-table.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { startFailure } from '../start-shortage.js';

export const CHILD_KEEPER = new URL('../../../workers/child-keeper.cjs', import.meta.url);

/** Longer than the keeper needs to give up on a process that SIGKILL does not end. */
const CLOSE_DEADLINE_MS = 6_000;

/** A started keeper thread, and the port to it. Unlike a `Worker`'s own port, this one can be read synchronously. */
interface StartedKeeper {
  readonly worker: Worker;
  readonly port: MessagePort;
}

/** A session thread that was given a port. */
interface ConnectedThread {
  readonly groups: Map<number, Exclude<GroupState, 'gone'>>;
  /** Processor time of each of them as it was read last, in milliseconds; `undefined`: nobody wants to know it. */
  processorMs: Map<number, number> | undefined;
  /** That of those that are gone. */
  pastProcessorMs: number;
  readonly released: Promise<void>;
  readonly release: () => void;
  /** The keeper that has the thread's port; `undefined` while the thread has started no child process. */
  keeper: StartedKeeper | undefined;
  /** What has arrived on its port while the keeper starts. */
  readonly frames: ChildRequestFrame[];
}

export class ChildKeeper {
  readonly #entry: URL;
  readonly #events: GatewayEmitter;
  readonly #niceIncrement: number;
  readonly #threads = new Map<number, ConnectedThread>();
  /** The main thread's ends of the ports on which nothing has arrived yet. */
  readonly #silent = new Set<MessagePort>();
  #keeper: StartedKeeper | undefined;
  #starting: Promise<StartedKeeper> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param entry URL of the bundled `workers/child-keeper`
   * @param niceIncrement how much higher the nice value of child processes is than the gateway's. It is that of session
   *   threads, so that what a tool starts cannot starve the main thread any more than the tool itself.
   */
  constructor(entry: URL, events: GatewayEmitter, niceIncrement = 0) {
    this.#entry = entry;
    this.#events = events;
    this.#niceIncrement = niceIncrement;
  }

  /**
   * Creates the port that a session thread receives as `keeperPort`. When it closes, because the thread has died, all
   * child processes of that thread are killed.
   * @param thread the gateway's own number of the thread, never used twice
   */
  connect(thread: number): MessagePort {
    const { port1: own, port2: theirs } = new MessageChannel();
    if (this.#closing !== undefined) {
      own.close();
      return theirs;
    }
    const { promise: released, resolve: release } = withResolvers();
    const connected: ConnectedThread = {
      groups: new Map(),
      processorMs: undefined,
      pastProcessorMs: 0,
      released,
      release,
      keeper: undefined,
      frames: [],
    };
    this.#threads.set(thread, connected);
    this.#silent.add(own);
    own.once('close', () => {
      this.#silent.delete(own);
      this.#release(thread);
    });
    own.on('message', (frame: ChildRequestFrame) => {
      connected.frames.push(frame);
      if (connected.frames.length > 1) return;
      this.#started().then(
        (keeper) => this.#handOver(thread, connected, own, keeper),
        (error: unknown) => refuse(own, connected.frames.splice(0), error),
      );
    });
    return theirs;
  }

  /** How many child processes of this thread run. A group whose first process has ended counts as one. */
  running(thread: number): number {
    return this.#threads.get(thread)?.groups.size ?? 0;
  }

  /**
   * Reads how much processor time the child processes of this thread have used, in milliseconds: of each that leads a group,
   * and of what it has waited for. What they used since the last reading and their end is not known.
   */
  processorMs(thread: number): number {
    const connected = this.#threads.get(thread);
    if (connected === undefined) return 0;
    if (connected.groups.size > 0) connected.processorMs ??= new Map();
    let total = connected.pastProcessorMs;
    for (const group of connected.groups.keys()) {
      const known = connected.processorMs?.get(group) ?? 0;
      const ms = Math.max(known, processProcessorMs(group) ?? 0);
      connected.processorMs?.set(group, ms);
      total += ms;
    }
    return total;
  }

  /** How many child processes of all threads run. */
  get total(): number {
    let total = 0;
    for (const { groups } of this.#threads.values()) total += groups.size;
    return total;
  }

  /** Resolves when the thread's port is closed and all its child processes are gone. */
  released(thread: number): Promise<void> {
    return this.#threads.get(thread)?.released ?? Promise.resolve();
  }

  /** Ends the child processes of a thread that cannot end them itself. */
  end(thread: number): void {
    const frame: KeeperCommandFrame = { type: 'end', thread };
    this.#threads.get(thread)?.keeper?.port.postMessage(frame);
  }

  /** Sends SIGKILL to every known process group, synchronously, for the `exit` event of the process. */
  killAllNow(): void {
    if (this.#keeper !== undefined) this.#drain(this.#keeper.port);
    for (const { groups } of this.#threads.values()) killGroups(groups);
  }

  /**
   * Kills all child processes, with the usual grace, and ends the keeper thread. A port that is created after this call
   * is closed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // If a thread has already asked for a process, the keeper has to answer it.
    await this.#starting?.catch(() => {});
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

  /** What arrives from now on waits in the port, which is moved to the keeper. */
  #handOver(thread: number, connected: ConnectedThread, own: MessagePort, keeper: StartedKeeper): void {
    if (!this.#silent.delete(own)) return;
    own.removeAllListeners();
    connected.keeper = keeper;
    const frame: KeeperCommandFrame = {
      type: 'connect',
      thread,
      port: own,
      frames: connected.frames.splice(0),
    };
    keeper.port.postMessage(frame, [own]);
  }

  /** @rejects if the system provides no thread, or no descriptor for its event loop. The next call tries again. */
  #started(): Promise<StartedKeeper> {
    this.#starting ??= new Promise<StartedKeeper>((resolve, reject) => {
      const keeper = this.#start();
      this.#keeper = keeper;
      keeper.worker.once('online', () => resolve(keeper));
      keeper.worker.once('error', reject);
      keeper.worker.once('exit', () => reject(new Error('the thread that starts child processes ended')));
    });
    this.#starting.catch(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  #start(): StartedKeeper {
    const { port1: port, port2: mainPort } = new MessageChannel();
    const workerData: ChildKeeperData = { mainPort, niceIncrement: this.#niceIncrement };
    const worker = new Worker(this.#entry, { name: 'child-keeper', workerData, transferList: [mainPort] });
    const keeper = { worker, port };
    port.on('message', (frame: KeeperReportFrame) => {
      try {
        this.#receive(frame);
      } catch (error) {
        this.#notice('The child-process keeper said what could not be handled.', { error: messageOf(error) });
      }
    });
    worker.on('error', (error) => {
      this.#notice('The child-process keeper failed.', { error: messageOf(error) });
    });
    worker.on('exit', () => this.#exited(keeper));
    return keeper;
  }

  /** Reads what the keeper has sent and the event loop has not handled yet. */
  #drain(port: MessagePort): void {
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      this.#receive(next.message);
    }
  }

  #receive(frame: KeeperReportFrame): void {
    switch (frame.type) {
      case 'group': {
        const connected = this.#threads.get(frame.thread);
        if (connected === undefined) return;
        if (frame.state === 'gone') this.#forget(connected, frame.group);
        else connected.groups.set(frame.group, frame.state);
        return;
      }
      case 'killed':
        this.#events.emit('children-killed', { processes: frame.processes });
        return;
      case 'survivors':
        this.#notice('Child processes could not be killed.', { thread: frame.thread, pids: frame.pids });
        return;
      case 'folder-left':
        this.#notice('A folder for temporary files of a session could not be removed.', {
          thread: frame.thread,
          error: frame.message,
        });
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

  #forget(connected: ConnectedThread, group: number): void {
    connected.groups.delete(group);
    connected.pastProcessorMs += connected.processorMs?.get(group) ?? 0;
    connected.processorMs?.delete(group);
  }

  #release(thread: number): void {
    const connected = this.#threads.get(thread);
    this.#threads.delete(thread);
    connected?.release();
  }

  /**
   * What it had started can be killed, but stays a zombie until the gateway ends, because nothing is left to reap it.
   */
  #exited(ended: StartedKeeper): void {
    this.#drain(ended.port);
    ended.port.close();
    if (this.#keeper === ended) {
      this.#keeper = undefined;
      this.#starting = undefined;
    }
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

/** Answers a thread when there is no keeper: what it wanted to start has failed, and there is nothing to end. */
function refuse(port: MessagePort, frames: readonly ChildRequestFrame[], error: unknown): void {
  const message = `No child process can be started: ${startFailure(error).message}. Try again later.`;
  const report = (frame: ChildReportFrame): void => port.postMessage(frame);
  for (const frame of frames) {
    if (frame.type === 'start') {
      const { child } = frame;
      const failure = { name: 'BulkheadError', code: 'ERR_BULKHEAD_SPAWN', message };
      report({ type: 'failed', child, error: failure, exitCode: -constants.errno.EAGAIN });
      for (const stream of ['stdout', 'stderr'] as const)
        report({ type: 'output-end', child, stream, complete: true });
    } else if (frame.type === 'signal') {
      report({ type: 'signalled', child: frame.child, signal: frame.signal });
    } else if (frame.type === 'end-all') {
      report({ type: 'all-ended' });
    }
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
