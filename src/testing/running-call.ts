/** A call of a tool that runs: its progress, its cancellation, its result, and what becomes of its handler. */
import type { RequestId } from '../shared/request-id.js';
import { Received } from './received.js';
import { ProtocolError, ToolError, type ToolResult } from './tool-result.js';

/** What a tool has reported of its work. */
export interface Progress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

export interface CallOptions {
  /** Cancels the call, as `cancel` does. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /**
   * The call is cancelled after this time, 60,000 by default, by the clock that `host.advance` moves; it rejects with
   * `TimeoutError`.
   */
  readonly timeoutMs?: number;
}

/**
 * What became of the handler. `answered`: it has returned or thrown, and the client has the answer. `stopped`: the call
 * was cancelled, and the handler has settled by itself. `killed`: the session's thread ended before, because the handler
 * did not stop within `cancel-grace`, or for another reason; `host.log` says which.
 */
export type CallEnd = 'answered' | 'stopped' | 'killed';

/** What a call needs of its session. */
export interface RunningCallOwner {
  /** Whether the handler of this request runs in the session's thread, cancelled or not. */
  runs(requestId: RequestId): boolean;
}

export class RunningCall<Structured = Record<string, unknown>> {
  /**
   * Rejects with `ToolError`, `ProtocolError`, and, if the call was cancelled, with the signal's reason: `AbortError` or
   * `TimeoutError`.
   */
  readonly result: Promise<ToolResult<Structured>>;
  /** Resolves when the tool's handler does not run any more, which may be later than the end of the call. */
  readonly settled: Promise<CallEnd>;
  readonly #owner: RunningCallOwner;
  readonly #controller = new AbortController();
  /** @internal */
  readonly signals: CallSignals;
  readonly #progress = new Received<Progress>();
  #requestId: RequestId | undefined;
  /** The client has got no answer, and will not get one. */
  #unanswered = false;
  #settle: (end: CallEnd) => void = () => {};

  /** @internal */
  constructor(
    owner: RunningCallOwner,
    onProgress: ((progress: Progress) => void) | undefined,
    send: (controller: AbortController, signals: CallSignals) => Promise<ToolResult<Structured>>,
  ) {
    this.#owner = owner;
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.signals = {
      onProgress: (progress) => {
        this.#progress.add(progress);
        onProgress?.(progress);
      },
      onSent: (requestId) => {
        this.#requestId = requestId;
      },
      onCancelled: () => this.#settleIfStopped(),
      onRequestOver: () => {
        if (this.#unanswered && !this.#controller.signal.aborted) this.#settleIfStopped();
      },
      onStopped: () => this.#settle('stopped'),
      onThreadGone: () => {
        if (this.#unanswered || this.#controller.signal.aborted) this.#settle('killed');
      },
    };
    this.result = send(this.#controller, this.signals);
    // Whoever reads `result` gets the rejection; nobody has to.
    this.result.then(
      () => this.#over('answered'),
      (error: unknown) => this.#over(endOf(error)),
    );
  }

  /**
   * The next progress that the tool reports: each is given once, and those that came earlier come first.
   * @throws {Error} if the call is over and has no more
   */
  progress(): Promise<Progress> {
    return this.#progress.next();
  }

  /** Cancels the call with `notifications/cancelled`, as a client does. Does nothing if it is over. */
  cancel(reason = 'the test cancelled it'): void {
    this.#controller.abort(new DOMException(reason, 'AbortError'));
  }

  #over(end: CallEnd | undefined): void {
    this.#progress.end(new Error('The call is over, and has reported no more progress.'));
    if (end !== undefined) return this.#settle(end);
    this.#unanswered = true;
    // It was cancelled before it was sent, or its client vanished. Otherwise the gateway is still being told.
    if (this.#requestId === undefined || !this.#controller.signal.aborted) this.#settleIfStopped();
  }

  /** A handler that does not run when the gateway knows of the cancellation says nothing any more. */
  #settleIfStopped(): void {
    if (this.#requestId === undefined || !this.#owner.runs(this.#requestId)) this.#settle('stopped');
  }
}

/** What an error of a call says about its handler; `undefined`: nothing. */
function endOf(error: unknown): CallEnd | undefined {
  if (error instanceof ToolError) return 'answered';
  if (!(error instanceof ProtocolError)) return undefined;
  const { reason } = (error.data ?? {}) as { readonly reason?: unknown };
  return typeof reason === 'string' && reason.startsWith('thread_') ? 'killed' : 'answered';
}

/** What a call is told while it runs. */
export interface CallSignals {
  onProgress(progress: Progress): void;
  onSent(requestId: RequestId): void;
  /** The gateway has accepted its cancellation. */
  onCancelled(): void;
  /** A request of its session has been answered or cancelled, perhaps this one. */
  onRequestOver(): void;
  /** Its handler has settled after it was cancelled. */
  onStopped(): void;
  /** The session's thread is gone. */
  onThreadGone(): void;
}
