/**
 * The main thread's end of a session thread's port. It encodes what is posted, decodes what arrives, and passes it on.
 * A module's code can post on the port too. So anything that is not a frame or cannot be handled is reported once, and
 * ends at most its own thread.
 */
import type { MessagePort } from 'node:worker_threads';
import type { CodeCaches } from '../../shared/code-caches.js';
import { decodeFromWorker, encodeToWorker } from '../../shared/frames/codec.js';
import type {
  ClaimedFrame,
  ExitedFrame,
  FailedFrame,
  FromWorkerFrame,
  ListsFrame,
  LogDroppedFrame,
  LogFrame,
  MemoryFrame,
  MetricsFrame,
  OverMemoryFrame,
  ReadyFrame,
  SendFrame,
} from '../../shared/frames/from-worker.js';
import type { ToWorkerFrame } from '../../shared/frames/to-worker.js';
import { backlogBytes, isUnpaced } from '../../shared/frames/unpaced.js';
import type { RequestId } from '../../shared/request-id.js';
import type { RunningRequests } from '../running-requests.js';
import type { PostedMessage, WorkerOwner } from '../worker.js';

/** The session thread that has the port. */
export interface WorkerPortOwner {
  readonly requests: RunningRequests;
  /** The session that has claimed the thread. */
  readonly session: WorkerOwner | undefined;
  onReady(frame: ReadyFrame): void;
  onFailed(frame: FailedFrame): void;
  /** The module's `setup` has ended. */
  onSetUp(frame: ClaimedFrame): void;
  onSend(frame: SendFrame): void;
  onLists(frame: ListsFrame): void;
  onReport(frame: LogFrame | LogDroppedFrame | MetricsFrame): void;
  /** The handler of a cancelled request has settled. */
  onHandlerSettled(requestId: RequestId): void;
  onHeld(held: boolean): void;
  onMemory(frame: MemoryFrame): void;
  onOverMemory(frame: OverMemoryFrame): void;
  onCodeCaches(caches: CodeCaches): void;
  onStayAwake(): void;
  onAskedEarly(): void;
  onSkippedLines(lines: number): void;
  /** The program that it runs has ended by itself. */
  onExited(frame: ExitedFrame): void;
  onEnded(): void;
  /** The thread sent something that is not a frame, or that could not be handled. */
  onUnreadable(error: unknown): void;
}

export class WorkerPort {
  readonly #port: MessagePort;
  /** See `SharedCounters`. */
  readonly #handledBytes: Int32Array;
  readonly #owner: WorkerPortOwner;
  #ignores = false;

  constructor(port: MessagePort, handledBytes: Int32Array, owner: WorkerPortOwner) {
    this.#port = port;
    this.#handledBytes = handledBytes;
    this.#owner = owner;
    port.on('message', (posted: unknown) => this.#take(posted));
    port.on('messageerror', (error) => owner.onUnreadable(error));
  }

  post(frame: ToWorkerFrame): void {
    this.#port.postMessage(encodeToWorker(frame));
  }

  /** Posts a message of the client. */
  send(message: PostedMessage): void {
    const { body } = message;
    if (message.requestId === undefined) {
      const { resumes } = message;
      if (resumes !== undefined) return this.post({ type: 'resume', key: resumes, body });
      return this.post({ type: 'message', key: '', body, fastPath: false, stateless: false });
    }
    const { requestId, key, fastPath, stateless, view } = message;
    if (view !== undefined) this.post({ type: 'view', requestId, view });
    this.post({ type: 'message', key, body, fastPath, stateless });
  }

  /** Ignores everything that still arrives. */
  ignore(): void {
    this.#ignores = true;
  }

  /** Whatever a thread sends must end at most that thread. */
  #take(posted: unknown): void {
    if (this.#ignores) return;
    try {
      this.#handle(decodeFromWorker(posted));
    } catch (error) {
      this.#owner.onUnreadable(error);
    }
  }

  #handle(frame: FromWorkerFrame): void {
    const owner = this.#owner;
    if (isUnpaced(frame)) Atomics.add(this.#handledBytes, 0, backlogBytes(frame));
    switch (frame.type) {
      case 'send':
        return owner.onSend(frame);
      case 'input-required':
        return owner.session?.onInputRequired(frame);
      case 'lists':
        return owner.onLists(frame);
      case 'settled':
        return owner.onHandlerSettled(frame.requestId);
      case 'pong':
        return owner.requests.pong();
      case 'ready':
        return owner.onReady(frame);
      case 'failed':
        return owner.onFailed(frame);
      case 'claimed':
        return owner.onSetUp(frame);
      case 'close-stream':
        return owner.session?.onCloseStream(frame.requestId);
      case 'state':
        return owner.session?.onState(frame.key, frame.value);
      case 'server-closed':
        return owner.session?.onServerClosed();
      case 'held':
        return owner.onHeld(frame.held);
      case 'memory':
        return owner.onMemory(frame);
      case 'over-memory':
        return owner.onOverMemory(frame);
      case 'code-cache':
        return owner.onCodeCaches(frame.caches);
      case 'metrics':
      case 'log':
      case 'log-dropped':
        return owner.onReport(frame);
      case 'skipped-lines':
        return owner.onSkippedLines(frame.lines);
      case 'exited':
        return owner.onExited(frame);
      case 'asked-early':
        return owner.onAskedEarly();
      case 'stay-awake':
        return owner.onStayAwake();
      case 'ended':
        return owner.onEnded();
      default:
        return frame satisfies never;
    }
  }
}
