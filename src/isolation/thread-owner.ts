/** What a session thread tells the session that it belongs to, its end among it. */

import { messageOf, toPlainError } from '../shared/errors.js';
import type { RequestId, SendFrame } from '../shared/frames.js';
import { overLimitMessage } from '../shared/memory-limits.js';
import type { SessionContext } from '../shared/session-context.js';
import type { ThreadExitCause } from '../telemetry/events.js';
import { shortageOf } from './start-shortage.js';

export interface ThreadExit {
  readonly cause: ThreadExitCause;
  /** One sentence for the client whose request was lost. */
  readonly message: string;
  /** It never started because the system had no thread, descriptor or memory for it. */
  readonly shortage?: boolean;
  /** Of what was thrown, where it crashed. */
  readonly stack?: string | undefined;
}

/** What the session that has claimed a thread is told. */
export interface ThreadOwner {
  readonly context: SessionContext;
  onClaimed(): void;
  onSend(frame: SendFrame): void;
  onCloseStream(requestId: RequestId | undefined): void;
  /** No hold, task or child process needs the thread any more. */
  onReleased(): void;
  /** The thread was told to sleep and has something that goes on. */
  onStayAwake(): void;
  /** The module has closed its server: nothing will be answered any more. */
  onServerClosed(): void;
  onState(key: string, value: Uint8Array | undefined): void;
  /**
   * Comes exactly once; nothing comes after it. The thread has never read `unread`, which the next one can be given.
   * How many requests were lost is returned.
   */
  onExit(exit: ThreadExit, unread: readonly PostedMessage[]): number;
}

/** Why a thread died by itself, from what piscina's promise rejected with. */
export function causeOf(died: unknown): ThreadExit {
  const message = messageOf(died);
  if ((died as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { cause: 'out_of_memory', message: overLimitMessage('thread-heap-mb', 0) };
  }
  const shortage = shortageOf(died);
  if (shortage !== undefined) return { cause: 'start_failed', message: shortage, shortage: true };
  const exited = /^worker exited with code: (-?\d+)$/.exec(message);
  if (exited !== null) return { cause: 'exit', message: `process.exit(${exited[1]}) was called in it` };
  return { cause: 'crash', message: `it crashed: ${message}`, stack: toPlainError(died).stack };
}

/** A request for a session's thread. */
export interface PostedRequest {
  readonly requestId: RequestId;
  /** The tool's name for `tools/call`, else the method; cut. */
  readonly operation: string;
  /** The gateway-wide unique id. */
  readonly key: string;
  readonly body: string;
  /** See `ClientRequest`. */
  readonly fastPath: boolean;
}

/** What a session's thread is sent of its client. */
export type PostedMessage =
  | PostedRequest
  /** A notification or a response; `own`: nothing for another thread of the session. */
  | { readonly requestId: undefined; readonly body: string; readonly own?: boolean };
