/**
 * Why a thread cannot be used: the error with which piscina's promise rejected if it died, or the thread's own message
 * if it failed to start.
 */
import { messageOf, toPlainError } from '../../shared/errors.js';
import type { FailedFrame } from '../../shared/frames/from-worker.js';
import { overLimitMessage } from '../../shared/memory-limits.js';
import { shortageOf } from '../start-shortage.js';
import type { WorkerExit } from '../worker.js';

export function causeOf(died: unknown): WorkerExit {
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

/** What the server's own words begin with; a program's need nothing. */
const STEPS: Readonly<Partial<Record<FailedFrame['stage'], string>>> = {
  import: 'the server module cannot be used',
  shape: 'the server module cannot be used',
  setup: "the server module's setup failed",
};

/** The server module did not load, or its `setup` failed. The cause may be a shortage of the system. */
export function failedStart({ stage, error }: FailedFrame): WorkerExit {
  const shortage = shortageOf(error);
  const step = STEPS[stage];
  return {
    cause: 'start_failed',
    message: shortage ?? (step === undefined ? error.message : `${step}: ${error.message}`),
    shortage: shortage !== undefined,
    // That of a wrong shape is the gateway's own.
    stack: stage === 'import' || stage === 'setup' ? error.stack : undefined,
  };
}
