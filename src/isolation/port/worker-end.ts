/** How one session thread ends: what decided it first, when the kill ladder began, and which requests were lost. */
import { performance } from 'node:perf_hooks';
import { messageOf } from '../../shared/errors.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import type { RunningRequests } from '../running-requests.js';
import type { WorkerExit, WorkerOwner } from '../worker.js';
import type { UnreadMessages } from './unread-messages.js';

export class WorkerEnd {
  readonly #thread: number;
  readonly #events: GatewayEmitter;
  #decided: WorkerExit | undefined;
  /** When the kill ladder began. */
  #ladderMs: number | undefined;
  /** Set when the session has been told. */
  #requestsLost: number | undefined;
  #running: readonly string[] = [];

  constructor(thread: number, events: GatewayEmitter) {
    this.#thread = thread;
    this.#events = events;
  }

  /** Set when something has decided that the thread ends; the first decision counts. */
  get decided(): WorkerExit | undefined {
    return this.#decided;
  }

  /** Whether its session has been told: nothing that comes from the thread is used any more. */
  get told(): boolean {
    return this.#requestsLost !== undefined;
  }

  /** What was running in it when its session was told. */
  get running(): readonly string[] {
    return this.#running;
  }

  /** How long it took to kill it, if it was killed. */
  get killMs(): number | undefined {
    if (this.#decided?.cause !== 'killed' || this.#ladderMs === undefined) return undefined;
    return performance.now() - this.#ladderMs;
  }

  decide(exit: WorkerExit): void {
    this.#decided ??= exit;
  }

  enterLadder(sinceMs = performance.now()): void {
    this.#ladderMs ??= sinceMs;
  }

  /**
   * Tells its session, once, that the thread ends. Returns how many requests were lost.
   * @param setUp whether the module's `setup` had ended. If a thread dies in `setup`, its messages would end the next
   *   thread as well.
   */
  tell(
    owner: WorkerOwner | undefined,
    exit: WorkerExit,
    setUp: boolean,
    requests: RunningRequests,
    unreadMessages: UnreadMessages,
  ): number {
    if (this.#requestsLost !== undefined) return this.#requestsLost;
    this.#requestsLost = 0;
    const unread = setUp ? unreadMessages.left((id) => requests.stateOf(id) === 'running') : [];
    for (const { requestId } of unread) if (requestId !== undefined) requests.forget(requestId);
    if (setUp) this.#running = requests.operations;
    const blamed = setUp ? requests.blamedFor(exit.cause) : [];
    requests.clear();
    try {
      this.#requestsLost = owner?.onExit(exit, unread, blamed) ?? 0;
    } catch (error) {
      this.#events.emit('notice', {
        level: 'error',
        message: `the end of a session's thread could not be handled: ${messageOf(error)}`,
        fields: { thread: this.#thread, sessionId: owner?.context.sessionId },
      });
    }
    return this.#requestsLost;
  }
}
