/** The entry of a load worker: its part of the sessions and of the calls, in a thread of its own. */
import { once } from 'node:events';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { SessionTokens } from './client/session-token.js';
import { callMeta } from './client/stateless-client.js';
import type { FromLoadWorker, LoadWorkerData, ToLoadWorker } from './load-frames.js';
import { Population } from './population.js';
import { Recorder } from './recorder.js';
import { ToolCalls } from './tool-calls.js';

const SECOND_MS = 1_000;

if (parentPort === null)
  throw new Error('load-worker.js runs in a worker thread; `bulkhead load` starts it.');
const port = parentPort;
const { plan, share, runId, version } = workerData as LoadWorkerData;

const stop = new AbortController();
const asked = new EventTarget();
port.on('message', (frame: ToLoadWorker) => {
  if (frame.type === 'stop') stop.abort();
  else asked.dispatchEvent(new Event(frame.type));
});

function tell(frame: FromLoadWorker): void {
  port.postMessage(frame);
}

/** Waits for a frame of the main thread, which always comes, even after `stop`. */
async function untilAsked(type: Exclude<ToLoadWorker['type'], 'stop'>): Promise<void> {
  await once(asked, type);
}

const recorder = new Recorder();
const settings = { plan, url: new URL(plan.url), tokens: new SessionTokens(runId), version };
const population = new Population(settings, plan, share, recorder, stop.signal);

let second = 0;
const tellSecond = (): void => {
  tell({ type: 'second', tally: recorder.takeSecond(second, population.size) });
  second += 1;
};
const seconds = setInterval(tellSecond, SECOND_MS);

const warmUp = untilAsked('warm-up');
const hold = untilAsked('hold');
const leave = untilAsked('leave');
await population.ramp();
tell({ type: 'opened', openSessions: population.size });
await warmUp;

const calls = new ToolCalls(
  plan,
  plan.era === 'stateless' ? callMeta(version) : {},
  share,
  population,
  recorder,
);
if (plan.warmUpMs > 0) {
  recorder.isWarmUp = true;
  await calls.run(performance.now() + plan.warmUpMs, stop.signal);
  recorder.isWarmUp = false;
}
tell({ type: 'warmed-up' });
await hold;

const holdStartMs = performance.now();
const idleAtStart: EventLoopUtilization = performance.eventLoopUtilization();
recorder.holdBegan(holdStartMs);
population.startTurnover();
await calls.run(holdStartMs + plan.durationMs, stop.signal);
const holdEndMs = performance.now();
recorder.holdEnded(holdEndMs);
const { utilization } = performance.eventLoopUtilization(idleAtStart);
await calls.settled();
await population.stopTurnover();
tell({
  type: 'held',
  utilisation: utilization,
  holdMs: holdEndMs - holdStartMs,
  openSessions: population.size,
});
await leave;

await population.leave();
clearInterval(seconds);
tellSecond();
tell({ type: 'left', totals: recorder.totals() });
port.close();
