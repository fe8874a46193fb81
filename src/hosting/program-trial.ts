/**
 * Tries out a program that speaks stdio, before another version of it takes the place of the one that is served: one worker
 * starts it, initializes it and asks for its lists. That costs what a session costs, so it is not done when a gateway
 * starts.
 */
import type { WorkerPool } from '../isolation/pool.js';
import type { PortWorker } from '../isolation/port/port-worker.js';
import type { ListDigests } from '../servers/list-digests.js';
import type { CommandEntry, ScriptEntry } from '../servers/server-entry.js';
import { TrialSession } from '../servers/trial-session.js';
import { BulkheadError, messageOf } from '../shared/errors.js';
import { StopDeadline } from '../shared/stop-deadline.js';
import { GatewayEmitter } from '../telemetry/events.js';

const CLOSE_MS = 5_000;

/**
 * @param open makes a pool with room for one worker
 * @throws {BulkheadError} `ERR_BULKHEAD_SERVER_MODULE` with one sentence if the program does not start, or does not answer
 */
export async function tryProgram(
  { name, startTimeoutMs }: CommandEntry | ScriptEntry,
  open: (events: GatewayEmitter) => WorkerPool<PortWorker>,
): Promise<ListDigests> {
  // A separate emitter, so that the trial does not appear in the gateway's metrics and logs.
  const events = new GatewayEmitter();
  let printed = '';
  events.on('module-log', ({ message }) => {
    printed = `; the last that it printed: ${message.slice(0, 300)}`;
  });
  const pool = open(events);
  try {
    const worker = await pool.acquire(new AbortController().signal);
    const trial = new TrialSession(worker, name, startTimeoutMs);
    return await trial.lists(await trial.initialize());
  } catch (error) {
    const message = `the program of the server "${name}": ${messageOf(error)}${printed}`;
    throw new BulkheadError('ERR_BULKHEAD_SERVER_MODULE', message, { cause: error });
  } finally {
    await pool.close(new StopDeadline(CLOSE_MS));
  }
}
