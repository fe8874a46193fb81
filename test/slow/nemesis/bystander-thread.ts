/**
 * The bystander: a client that is not involved. It runs in a separate thread so that it measures the server and not the
 * workload's client. It makes calls, reads files and looks up names until it is told to stop.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { ClientSession } from './client-session.js';
import type { SessionHistory } from './history.js';

const PAUSE_MS = 20;
const TOOLS = ['echo', 'file', 'echo', 'name'] as const;

export interface BystanderReport {
  readonly history: SessionHistory;
  /** Duration of each answered call, in milliseconds. */
  readonly latenciesMs: readonly number[];
  /** Reasons why the others failed. */
  readonly failures: readonly string[];
  /** The longest delay of this thread itself, in milliseconds: what the machine adds. */
  readonly ownDelayMs: number;
}

async function stand(url: URL): Promise<void> {
  let stopped = false;
  parentPort?.once('message', () => {
    stopped = true;
  });
  const session = new ClientSession(url, 'bystander');
  const latenciesMs: number[] = [];
  const failures: string[] = [];
  let ownDelayMs = 0;
  if (!(await session.open(false))) failures.push('initialize');
  parentPort?.postMessage('ready');
  for (let turn = 0; !stopped; turn += 1) {
    const { outcome, startMs, endMs } = await session.call({ tool: TOOLS[turn % TOOLS.length] ?? 'echo' });
    if (outcome.kind === 'answer') latenciesMs.push(endMs - startMs);
    else failures.push(outcome.kind === 'error' ? outcome.reason : outcome.kind);
    const pausedMs = performance.now();
    await delay(PAUSE_MS);
    ownDelayMs = Math.max(ownDelayMs, performance.now() - pausedMs - PAUSE_MS);
  }
  await session.leave('delete');
  const report: BystanderReport = { history: session.history(), latenciesMs, failures, ownDelayMs };
  parentPort?.postMessage(report);
}

await stand(new URL((workerData as { readonly url: string }).url));
