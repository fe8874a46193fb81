/** What one load worker measured: requests by operation and by second, and what opening a session took. */
import type { RecordableHistogram } from 'node:perf_hooks';
import type { LoadFailure } from './client/failure-kind.js';
import { latencyHistogram, recordMs } from './latency-recorder.js';
import type { ErrorSample, SessionsReport } from './load-report.js';

export interface OperationTally {
  readonly method: string;
  readonly tool: string | null;
  answered: number;
  readonly errors: Record<string, number>;
  readonly latency: RecordableHistogram;
}

/** One second of one worker. */
export interface SecondTally {
  readonly second: number;
  readonly answered: number;
  readonly errors: number;
  readonly latency: RecordableHistogram;
  readonly sessions: number;
}

export interface RecorderTotals {
  readonly operations: readonly OperationTally[];
  readonly sessionCreation: RecordableHistogram;
  readonly firstCall: RecordableHistogram;
  /** How long after their due time requests were sent. */
  readonly late: RecordableHistogram;
  readonly errorSamples: readonly ErrorSample[];
  readonly answerKinds: { readonly json: number; readonly eventStream: number };
  readonly sessions: SessionsReport;
  /** Tool calls that were sent, whatever happened to them. */
  readonly callsSent: number;
  /** Tool calls of the warm-up that were answered successfully. */
  readonly warmUpAnswered: number;
  /** The longest time of the hold without a successful tool call. */
  readonly longestGapMs: number;
}

export class Recorder {
  readonly sessions = {
    created: 0,
    failed: 0,
    ended: 0,
    dropped: 0,
    forgotten: 0,
    reopened: 0,
    streamsClosed: 0,
  };
  callsSent = 0;
  /** While it is set, successful calls are only counted, for the comparison with the server's count. */
  isWarmUp = false;
  #warmUpAnswered = 0;
  readonly #operations = new Map<string, OperationTally>();
  readonly #sessionCreation = latencyHistogram();
  readonly #firstCall = latencyHistogram();
  readonly #late = latencyHistogram();
  readonly #samples = new Map<string, string>();
  readonly #answerKinds = { json: 0, eventStream: 0 };
  #secondAnswered = 0;
  #secondErrors = 0;
  #secondLatency = latencyHistogram();
  #lastAnswerMs = Number.NaN;
  #longestGapMs = 0;

  answered(method: string, tool: string | null, latencyMs: number): void {
    const operation = this.#operation(method, tool);
    operation.answered += 1;
    recordMs(operation.latency, latencyMs);
  }

  callAnswered(tool: string, latencyMs: number, isFirst: boolean, eventStream: boolean, atMs: number): void {
    if (isFirst) recordMs(this.#firstCall, latencyMs);
    this.#secondAnswered += 1;
    recordMs(this.#secondLatency, latencyMs);
    if (this.isWarmUp) {
      this.#warmUpAnswered += 1;
      return;
    }
    this.answered('tools/call', tool, latencyMs);
    this.#answerKinds[eventStream ? 'eventStream' : 'json'] += 1;
    this.#noteGap(atMs);
  }

  failed(method: string, tool: string | null, { kind, message }: LoadFailure): void {
    const { errors } = this.#operation(method, tool);
    errors[kind] = (errors[kind] ?? 0) + 1;
    this.#secondErrors += 1;
    if (!this.#samples.has(kind)) this.#samples.set(kind, message);
  }

  sessionCreated(latencyMs: number): void {
    this.sessions.created += 1;
    recordMs(this.#sessionCreation, latencyMs);
  }

  /** Not of the warm-up: its latencies are not counted either. */
  sentLate(milliseconds: number): void {
    if (!this.isWarmUp) recordMs(this.#late, milliseconds);
  }

  holdBegan(atMs: number): void {
    this.#lastAnswerMs = atMs;
  }

  holdEnded(atMs: number): void {
    this.#noteGap(atMs);
    this.#lastAnswerMs = Number.NaN;
  }

  /** What was measured since the last call of this function. */
  takeSecond(second: number, sessions: number): SecondTally {
    const tally = {
      second,
      answered: this.#secondAnswered,
      errors: this.#secondErrors,
      latency: this.#secondLatency,
      sessions,
    };
    this.#secondAnswered = 0;
    this.#secondErrors = 0;
    this.#secondLatency = latencyHistogram();
    return tally;
  }

  totals(): RecorderTotals {
    return {
      operations: [...this.#operations.values()],
      sessionCreation: this.#sessionCreation,
      firstCall: this.#firstCall,
      late: this.#late,
      errorSamples: [...this.#samples].map(([kind, message]) => ({ kind, message })),
      answerKinds: this.#answerKinds,
      sessions: this.sessions,
      callsSent: this.callsSent,
      warmUpAnswered: this.#warmUpAnswered,
      longestGapMs: this.#longestGapMs,
    };
  }

  #noteGap(atMs: number): void {
    const gapMs = atMs - this.#lastAnswerMs;
    if (gapMs > this.#longestGapMs) this.#longestGapMs = gapMs;
    if (!Number.isNaN(this.#lastAnswerMs)) this.#lastAnswerMs = atMs;
  }

  #operation(method: string, tool: string | null): OperationTally {
    const key = tool === null ? method : `${method} ${tool}`;
    let operation = this.#operations.get(key);
    if (operation === undefined) {
      operation = { method, tool, answered: 0, errors: {}, latency: latencyHistogram() };
      this.#operations.set(key, operation);
    }
    return operation;
  }
}
