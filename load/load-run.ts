/** One run of the load harness, from the first session to the last. */
import type { Era } from '../src/shared/session-context.js';
import { newRunId } from './client/session-token.js';
import { clientMachine } from './client-machine.js';
import { findingsOf, Seconds } from './load-findings.js';
import type { LoadPlan } from './load-plan.js';
import { type LoadFindings, REPORT_FORMAT, type SecondReport } from './load-report.js';
import { LoadWorkers } from './load-workers.js';
import type { RecorderTotals } from './recorder.js';
import type { ServerObserver } from './server/observer.js';
import type { ClientCounts } from './server/server-metrics.js';
import { withoutUserInfo } from './shown-url.js';

export type LoadPhase = 'opening' | 'warming up' | 'calling' | 'leaving';

/** What is known of a run before it begins. */
type LoadRunFacts = Pick<LoadFindings, 'version' | 'commandLine' | 'server' | 'mixReason'>;

export interface LoadRunOptions {
  readonly plan: LoadPlan;
  readonly facts: LoadRunFacts;
  /** The observer has begun. */
  readonly observer: ServerObserver;
  /** Ends the run early; what was measured until then is reported. */
  readonly signal: AbortSignal;
  onSecond(second: SecondReport, phase: LoadPhase): void;
}

/** @throws when a load worker fails. */
export async function runLoad(options: LoadRunOptions): Promise<LoadFindings> {
  const { plan, facts, observer, signal } = options;
  const startedAt = new Date().toISOString();
  const startMs = performance.now();
  let phase: LoadPhase = 'opening';
  const seconds = new Seconds(plan.workers, (second) => options.onSecond(second, phase));
  const workers = new LoadWorkers(plan, newRunId(), facts.version, (tally) => seconds.add(tally));
  const stop = (): void => workers.stop();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    const openSessions = await workers.opened();
    const rampMs = performance.now() - startMs;
    observer.markAllOpen();
    phase = 'warming up';
    await workers.warmUp();
    const holdStartMs = performance.now();
    const cpuAtStart = process.cpuUsage();
    observer.markHoldStart();
    phase = 'calling';
    const helds = await workers.hold();
    const cpu = process.cpuUsage(cpuAtStart);
    const cpuShare = (cpu.user + cpu.system) / 1_000 / (performance.now() - holdStartMs);
    observer.markHoldEnd();
    phase = 'leaving';
    const totals = await workers.leave();
    seconds.flush();
    const holdMs = Math.max(...helds.map((held) => held.holdMs));
    const findings = findingsOf(totals, helds, { rampMs, holdMs, cpuShare, loop: plan.arrivals.loop });
    const { headers: _headers, ...planned } = plan;
    const server = await observer.finish({
      ...clientCounts(totals, plan.era),
      openSessions,
      holdCalls: findings.answered,
    });
    return {
      format: REPORT_FORMAT,
      ...facts,
      machine: clientMachine(),
      startedAt,
      plan: { ...planned, url: withoutUserInfo(plan.url) },
      interrupted: signal.aborted,
      rampMs,
      warmUpMs: holdStartMs - startMs - rampMs,
      holdMs,
      ...findings,
      seconds: seconds.reports,
      metrics: server.metrics,
      process: server.process,
    };
  } finally {
    signal.removeEventListener('abort', stop);
    await workers.close();
  }
}

/** What the server can have counted as well: of the calls, those to which it has answered anything. */
function clientCounts(totals: readonly RecorderTotals[], era: Era): ClientCounts {
  const counts = { callsSent: 0, callsAnswered: 0 };
  const opened = { attempted: 0, created: 0 };
  for (const { operations, callsSent, warmUpAnswered, sessions } of totals) {
    counts.callsSent += callsSent;
    counts.callsAnswered += warmUpAnswered;
    opened.created += sessions.created;
    opened.attempted += sessions.created + sessions.failed;
    for (const { method, answered, errors } of operations) {
      if (method !== 'tools/call') continue;
      const answers = Object.entries(errors).filter(
        ([kind]) => kind === 'tool' || kind.startsWith('json-rpc'),
      );
      counts.callsAnswered += answered + answers.reduce((sum, [, count]) => sum + count, 0);
    }
  }
  return { ...counts, sessions: era === 'session' ? opened : undefined };
}
