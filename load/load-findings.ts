/** Sums what the load workers measured. */
import type { RecordableHistogram } from 'node:perf_hooks';
import { clientReport } from './client-limit.js';
import { added, latencyOf, maxMs, percentileMs } from './latency-recorder.js';
import type { FromLoadWorker } from './load-frames.js';
import type { LoadPlan } from './load-plan.js';
import type {
  ErrorCounts,
  ErrorSample,
  LoadReport,
  OperationReport,
  SecondReport,
  SessionsReport,
} from './load-report.js';
import type { OperationTally, RecorderTotals, SecondTally } from './recorder.js';

type Held = Extract<FromLoadWorker, { type: 'held' }>;

/** The part of a report that comes only from the workers. */
export type WorkersFindings = Pick<
  LoadReport,
  | 'answered'
  | 'perSecond'
  | 'latency'
  | 'sessionCreation'
  | 'firstCall'
  | 'operations'
  | 'errors'
  | 'errorSamples'
  | 'contaminated'
  | 'lost'
  | 'longestGapMs'
  | 'answerKinds'
  | 'sessions'
  | 'client'
>;

/** Operations that open a session; the others belong to the hold. */
const OPENING = ['initialize', 'notifications/initialized', 'tools/list', 'GET'];

/** What the main thread knows of the run. */
export interface RunFigures {
  readonly rampMs: number;
  readonly holdMs: number;
  /** Processor time of the whole client during the hold, in cores. */
  readonly cpuShare: number;
  readonly loop: LoadPlan['arrivals']['loop'];
}

export function findingsOf(
  totals: readonly RecorderTotals[],
  helds: readonly Held[],
  { rampMs, holdMs, cpuShare, loop }: RunFigures,
): WorkersFindings {
  const operations = mergedOperations(totals).map((tally): OperationReport => {
    const seconds = Math.max(1, OPENING.includes(tally.method) ? rampMs + holdMs : holdMs) / 1_000;
    const { method, tool, answered, errors } = tally;
    return {
      method,
      tool,
      answered,
      perSecond: answered / seconds,
      errors,
      latency: latencyOf(tally.latency),
    };
  });
  const calls = mergedOperations(totals).filter(({ method }) => method === 'tools/call');
  const answered = calls.reduce((sum, call) => sum + call.answered, 0);
  const errors = summed(operations.map((operation) => operation.errors));
  const latency = latencyOf(added(calls.map((call) => call.latency)));
  return {
    answered,
    perSecond: answered / (Math.max(1, holdMs) / 1_000),
    latency,
    sessionCreation: latencyOf(added(totals.map(({ sessionCreation }) => sessionCreation))),
    firstCall: latencyOf(added(totals.map(({ firstCall }) => firstCall))),
    operations,
    errors,
    errorSamples: firstOfEachKind(totals.flatMap(({ errorSamples }) => errorSamples)),
    contaminated: errors.contaminated ?? 0,
    lost: operations.filter(isRequest).reduce((sum, operation) => sum + lostIn(operation.errors), 0),
    // A time without an answer to anybody was also a time without an answer for each worker. So with several workers
    // this is an upper bound.
    longestGapMs: Math.min(...totals.map((total) => total.longestGapMs)),
    answerKinds: {
      json: totals.reduce((sum, { answerKinds }) => sum + answerKinds.json, 0),
      eventStream: totals.reduce((sum, { answerKinds }) => sum + answerKinds.eventStream, 0),
    },
    sessions: summed(totals.map(({ sessions }) => ({ ...sessions }))) as unknown as SessionsReport,
    client: clientReport({
      loop,
      workers: totals.length,
      coreShare: cpuShare / totals.length,
      utilisation: Math.max(...helds.map((held) => held.utilisation)),
      lateP99Ms: percentileMs(added(totals.map(({ late }) => late)), 99),
      latencyP99Ms: latency.p99Ms,
    }),
  };
}

/** One second of the run, as soon as all workers have reported theirs. */
export class Seconds {
  readonly reports: SecondReport[] = [];
  readonly #workers: number;
  readonly #onSecond: (second: SecondReport) => void;
  readonly #waiting = new Map<number, SecondTally[]>();

  constructor(workers: number, onSecond: (second: SecondReport) => void) {
    this.#workers = workers;
    this.#onSecond = onSecond;
  }

  add(tally: SecondTally): void {
    const tallies = [...(this.#waiting.get(tally.second) ?? []), tally];
    this.#waiting.set(tally.second, tallies);
    if (tallies.length === this.#workers) this.#finish(tally.second, tallies);
  }

  /** Workers may end in different seconds: returns what is left, even if it is incomplete. */
  flush(): void {
    for (const [second, tallies] of [...this.#waiting].sort(([a], [b]) => a - b)) {
      this.#finish(second, tallies);
    }
  }

  #finish(second: number, tallies: readonly SecondTally[]): void {
    this.#waiting.delete(second);
    const latency: RecordableHistogram = added(tallies.map((tally) => tally.latency));
    const report: SecondReport = {
      second,
      answered: tallies.reduce((sum, { answered }) => sum + answered, 0),
      errors: tallies.reduce((sum, { errors }) => sum + errors, 0),
      p50Ms: percentileMs(latency, 50),
      p99Ms: percentileMs(latency, 99),
      maxMs: maxMs(latency),
      sessions: tallies.reduce((sum, { sessions }) => sum + sessions, 0),
    };
    this.reports.push(report);
    this.#onSecond(report);
  }
}

/** What MCP answers; GET, DELETE and notifications are answered only by HTTP. */
function isRequest({ method }: OperationReport): boolean {
  return method !== 'GET' && method !== 'DELETE' && !method.startsWith('notifications/');
}

function lostIn(errors: ErrorCounts): number {
  return (errors['no answer'] ?? 0) + (errors.timeout ?? 0);
}

function mergedOperations(totals: readonly RecorderTotals[]): OperationTally[] {
  const byName = new Map<string, OperationTally[]>();
  for (const tally of totals.flatMap(({ operations }) => operations)) {
    const name = `${tally.method} ${tally.tool ?? ''}`;
    byName.set(name, [...(byName.get(name) ?? []), tally]);
  }
  return [...byName.values()].flatMap((tallies) => {
    const [first] = tallies;
    if (first === undefined) return [];
    return {
      method: first.method,
      tool: first.tool,
      answered: tallies.reduce((sum, { answered }) => sum + answered, 0),
      errors: summed(tallies.map(({ errors }) => errors)),
      latency: added(tallies.map(({ latency }) => latency)),
    };
  });
}

function summed(counts: readonly ErrorCounts[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [kind, count] of counts.flatMap((each) => Object.entries(each))) {
    sums[kind] = (sums[kind] ?? 0) + count;
  }
  return sums;
}

function firstOfEachKind(samples: readonly ErrorSample[]): ErrorSample[] {
  return samples.filter(({ kind }, index) => samples.findIndex((sample) => sample.kind === kind) === index);
}
