/** How much processor time a session thread has used. */
import { threadProcessorMs as readThread } from '../../shared/process-table.js';
import type { PortWorker } from '../port/port-worker.js';

/**
 * In milliseconds. Linux says it for each thread. Elsewhere it is the time that its event loop was busy, which a synchronous
 * wait makes longer: Node 20 has nothing better, and later versions answer only after the thread has taken a turn.
 */
export function threadProcessorMs({ facts, worker }: PortWorker): number {
  const { systemThreadId } = facts ?? {};
  if (systemThreadId !== undefined) return readThread(systemThreadId) ?? 0;
  return worker?.performance.eventLoopUtilization().active ?? 0;
}
