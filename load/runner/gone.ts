/** Whether anything is left in a gateway whose clients have all left. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Judgement } from '../load-report.js';
import type { RunningGateway } from './running-gateway.js';

const DEADLINE_MS = 20_000;
const PAUSE_MS = 200;

interface Remains {
  readonly sessions: number;
  /** Session threads that are not spares. */
  readonly threads: number;
  readonly children: number;
}

/** Waits until nothing is left, for up to 20 s, which is well beyond all graces of the scenarios. */
export async function gone(gateway: RunningGateway): Promise<readonly Judgement[]> {
  const startMs = performance.now();
  let remains = await remainsOf(gateway);
  while (Object.values(remains).some((count) => count > 0) && performance.now() < startMs + DEADLINE_MS) {
    await delay(PAUSE_MS);
    remains = await remainsOf(gateway);
  }
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  const { sessions, threads, children } = remains;
  return [
    {
      text: 'no session, no thread of one and no child process is left',
      measured: `${sessions}, ${threads} and ${children} after ${seconds} s`,
      met: sessions === 0 && threads === 0 && children === 0,
    },
  ];
}

async function remainsOf(gateway: RunningGateway): Promise<Remains> {
  const metrics = await gateway.metrics();
  const states = ['claimed', 'ending', 'terminating'];
  return {
    sessions: await gateway.sessions(),
    threads: states.reduce((sum, state) => sum + (metrics.sum('bulkhead_threads', { state }) ?? 0), 0),
    children: metrics.sum('bulkhead_child_processes') ?? 0,
  };
}
