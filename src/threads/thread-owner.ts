/** What a session thread tells the session that it belongs to, its end among it. */
import type { ThreadExitCause } from '../events.js';
import { messageOf } from '../shared/errors.js';
import type { RequestId, SendFrame } from '../shared/frames.js';
import { overLimitMessage } from '../shared/memory-limits.js';
import type { SessionContext } from '../shared/session-context.js';

export interface ThreadExit {
  readonly cause: ThreadExitCause;
  /** One sentence for the client whose request was lost. */
  readonly message: string;
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
  /** Comes exactly once; nothing comes after it. How many requests were lost is returned. */
  onExit(exit: ThreadExit): number;
}

/** Why a thread died by itself, from what piscina's promise rejected with. */
export function causeOf(died: unknown): ThreadExit {
  const message = messageOf(died);
  if ((died as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { cause: 'out_of_memory', message: overLimitMessage('thread-heap-mb', 0) };
  }
  const exited = /^worker exited with code: (-?\d+)$/.exec(message);
  if (exited !== null) return { cause: 'exit', message: `process.exit(${exited[1]}) was called in it` };
  return { cause: 'crash', message: `it crashed: ${message}` };
}

/** A request for a session's thread. */
export interface PostedRequest {
  readonly requestId: RequestId;
  /** The gateway-wide unique id. */
  readonly key: string;
  readonly body: string;
  /** See `ClientRequest`. */
  readonly plainCall: boolean;
}
