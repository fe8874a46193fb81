/** Why a thread died by itself, from what piscina's promise rejected with. */
import { messageOf, toPlainError } from '../../shared/errors.js';
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
