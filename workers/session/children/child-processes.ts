/** `session.spawn`: a session thread's child processes, which the keeper thread starts, reaps and kills. */
import type { SessionChildProcess, SessionSpawnOptions } from '../../../src/shared/define-server.js';
import { BulkheadError } from '../../../src/shared/errors.js';
import { type ChildReportFrame, MAX_CHILD_PROCESSES } from '../../../src/shared/keeper-frames.js';
import type { KeeperPort } from '../session-link.js';
import { KeptChildProcess } from './child-process.js';
import type { SendToKeeper } from './child-streams.js';
import { spawnPlan } from './spawn-options.js';

export class SessionChildProcesses {
  readonly #port: KeeperPort;
  readonly #currentRequestKey: () => string | undefined;
  readonly #children = new Map<number, KeptChildProcess>();
  /** Requests that have started a process. For others, no frame is sent when they end. */
  readonly #requestKeys = new Set<string>();
  #nextChild = 1;
  #state: 'open' | 'ending' | 'lost' = 'open';
  #settleEnd: (() => void) | undefined;
  #ended: Promise<void> | undefined;

  /**
   * @param port it keeps a thread alive only while a child process runs
   * @param currentRequestKey returns the key of the request whose handler is running; `undefined` outside of a handler
   */
  constructor(port: KeeperPort, currentRequestKey: () => string | undefined) {
    this.#port = port;
    this.#currentRequestKey = currentRequestKey;
    port.on('message', (frame: ChildReportFrame) => this.#receive(frame));
    port.on('close', () => this.#lost());
    port.unref();
  }

  /**
   * Starts a child process in its own process group; see `Session.spawn`. The keeper starts it: `pid` is `undefined`
   * until `spawn` is emitted, and if the command cannot be started, `error` is emitted.
   * @param closed called once, when the process has ended and its output has been read to its end
   * @throws {BulkheadError} `ERR_BULKHEAD_SPAWN` if the session already has 64 child processes, if it is ending, if the
   *   lifetime is `request` outside of a request's handler, or for an option that is not supported
   * @throws {TypeError} and {RangeError} as `node:child_process`, for values with which no process can be started
   */
  spawn(
    command: string,
    args?: readonly string[],
    options?: SessionSpawnOptions,
    closed: () => void = () => {},
  ): SessionChildProcess {
    const { lifetime, limits, ...plan } = spawnPlan(command, args, options);
    this.#check();
    const requestKey = this.#requestKeyFor(lifetime);
    const id = this.#nextChild++;
    this.#port.postMessage({
      type: 'start',
      child: id,
      ...plan,
      requestKey,
    } satisfies Parameters<SendToKeeper>[0]);
    if (requestKey !== undefined) this.#requestKeys.add(requestKey);
    const child = new KeptChildProcess(id, plan.command, this.#send, limits, () => {
      this.#closed(id);
      closed();
    });
    this.#children.set(id, child);
    this.#port.ref();
    // It has every member of the type. Only Node's overloads promise listeners a complete `ChildProcess`.
    return child as unknown as SessionChildProcess;
  }

  /** Kills the processes whose lifetime is this request, and their descendants. Does not wait for them. */
  endRequest(requestKey: string): void {
    if (this.#requestKeys.delete(requestKey)) this.#send({ type: 'end-request', requestKey });
  }

  /**
   * Kills all processes and their descendants; none can be started any more. Resolves when they are gone: at once if
   * the thread never started one, and after 3.5 s at the latest.
   */
  endAll(): Promise<void> {
    if (this.#ended !== undefined) return this.#ended;
    const nothingStarted = this.#nextChild === 1 || this.#state === 'lost';
    if (this.#state === 'open') this.#state = 'ending';
    this.#ended = nothingStarted
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#settleEnd = resolve;
          this.#port.ref();
          this.#send({ type: 'end-all' });
        });
    return this.#ended;
  }

  readonly #send: SendToKeeper = (frame, transfer = []) => this.#port.postMessage(frame, transfer);

  #check(): void {
    if (this.#state === 'ending') {
      throw new BulkheadError('ERR_BULKHEAD_SPAWN', 'The session is ending: it can start no child process.');
    }
    if (this.#state === 'lost') {
      throw new BulkheadError(
        'ERR_BULKHEAD_SPAWN',
        'The gateway lost the thread that starts child processes: open a new session.',
      );
    }
    if (this.#children.size >= MAX_CHILD_PROCESSES) {
      throw new BulkheadError(
        'ERR_BULKHEAD_SPAWN',
        `The session already has ${MAX_CHILD_PROCESSES} child processes: wait until one of them has closed.`,
      );
    }
  }

  #requestKeyFor(lifetime: SessionSpawnOptions['lifetime']): string | undefined {
    if (lifetime === 'session') return undefined;
    const requestKey = this.#currentRequestKey();
    if (lifetime === 'request' && requestKey === undefined) {
      throw new BulkheadError(
        'ERR_BULKHEAD_SPAWN',
        "A child process cannot have the lifetime of a request outside of a request's handler.",
      );
    }
    return requestKey;
  }

  #receive(frame: ChildReportFrame): void {
    if (frame.type !== 'all-ended') {
      this.#children.get(frame.child)?.receive(frame);
      return;
    }
    this.#settleEnd?.();
    this.#settleEnd = undefined;
    this.#unrefWhenIdle();
  }

  #closed(id: number): void {
    this.#children.delete(id);
    this.#unrefWhenIdle();
  }

  #unrefWhenIdle(): void {
    if (this.#children.size === 0 && this.#settleEnd === undefined) this.#port.unref();
  }

  /** While this thread lives, the port closes only when the keeper dies. */
  #lost(): void {
    this.#state = 'lost';
    for (const child of this.#children.values()) child.lose();
    this.#settleEnd?.();
  }
}
