/**
 * What a run of `bulkhead load` found. This is the JSON of `--out`, and all that the summary, the HTML report and the
 * thresholds are made from. Times are milliseconds, memory is bytes; a figure that there was nothing for is `null`.
 */
import type { LoadPlan } from './load-plan.js';

/** Of an HDR histogram with three significant figures; in an open loop, from when a request was due. */
export interface Latency {
  readonly count: number;
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly maxMs: number | null;
}

/**
 * Why a request failed: `connection` (refused, reset), `http <status>`, `json-rpc <code>`, `tool` (a result with
 * `isError`), `invalid` (an answer that is not what the protocol asks for), `contaminated` (an answer with another
 * session's token), `wrong id`, `duplicate` (a second answer), `no answer` (the response ended without one),
 * `timeout`, `forgotten` (404 or 400 for a session that nobody ended), `not sent` (too many were waiting already).
 */
export type ErrorCounts = Readonly<Record<string, number>>;

/** One method, or one tool of `tools/call`. */
export interface OperationReport {
  readonly method: string;
  readonly tool: string | null;
  /** Requests that were answered well. */
  readonly answered: number;
  /** The same by second of the run that they belong to: of the ramp for what opens a session, else of the hold. */
  readonly perSecond: number;
  readonly errors: ErrorCounts;
  /** Of those answered well. */
  readonly latency: Latency;
}

/** One second of the run, counted from its start; what ended in it. */
export interface SecondReport {
  readonly second: number;
  /** Tool calls that were answered well. */
  readonly answered: number;
  readonly errors: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  /** Open sessions at its end, idle ones too. */
  readonly sessions: number;
}

/** What an error looked like, the first time it was seen. */
export interface ErrorSample {
  readonly kind: string;
  readonly message: string;
}

export interface SessionsReport {
  /** Opened, replacements and idle ones too. */
  readonly created: number;
  readonly failed: number;
  /** Ended by the client with DELETE. */
  readonly ended: number;
  /** Cut off by the client. */
  readonly dropped: number;
  /** The server knew them no more while the client still used them. */
  readonly forgotten: number;
  /** Opened for a forgotten one. */
  readonly reopened: number;
  /** GET streams that the server closed. */
  readonly streamsClosed: number;
}

/** How near the client was to its own limits. */
export interface ClientReport {
  readonly workers: number;
  /** The busiest load worker's share of the hold, 0 to 1 (event-loop utilisation). */
  readonly utilisation: number;
  /** How late requests were sent after they were due; only in an open loop. */
  readonly lateP99Ms: number | null;
  /** A sentence that says why the client itself was the limit, or `null`. */
  readonly limitedBy: string | null;
}

/** One of the server's own figures, at both ends of the run. */
export interface ServerFigure {
  readonly name: string;
  readonly before: number | null;
  readonly after: number | null;
  /** A sentence that says what to know of it, such as why it is no check. */
  readonly note?: string;
}

/** A figure that both sides count. */
export interface CrossCheck {
  /** Such as `tools/call operations`. */
  readonly what: string;
  readonly client: number;
  readonly server: number;
  /** Whether the two fit each other. */
  readonly agrees: boolean;
}

export interface ServerMetricsReport {
  readonly url: string;
  readonly figures: readonly ServerFigure[];
  /** Empty where the server has none of the metrics that the client can check. */
  readonly checks: readonly CrossCheck[];
}

/** The server's process tree at one moment. */
export interface ProcessSample {
  /** Since the start of the run. */
  readonly atMs: number;
  readonly processes: number;
  readonly threads: number;
  readonly descriptors: number;
  readonly residentBytes: number;
  /** User and system time since the run began, of all processes seen and of those that they waited for. */
  readonly cpuMs: number;
}

/** How a figure moved during the hold: least-squares slope, with the half-width of its 95 % confidence interval. */
export interface Trend {
  readonly perMinute: number;
  readonly plusMinus: number;
  /** Whether the slope can't be told from none. */
  readonly flat: boolean;
}

export interface ServerProcessReport {
  readonly pid: number;
  readonly samples: readonly ProcessSample[];
  /** Resident memory when all sessions were open, less that before the first, over the open sessions. */
  readonly bytesPerSession: number | null;
  /** Processor time of the ramp over the sessions that it opened. */
  readonly cpuMsPerSession: number | null;
  /** Processor time during the hold over its tool calls. */
  readonly cpuMsPerCall: number | null;
  readonly trends: {
    readonly residentBytes: Trend | null;
    readonly threads: Trend | null;
    readonly descriptors: Trend | null;
  };
  /** Where the samples stop before the end of the run: the process ended, or could no longer be read. */
  readonly stopped?: { readonly atMs: number; readonly reason: string };
}

/** One threshold, given with `--expect` or held always. */
export interface ExpectationResult {
  /** As it was written, such as `p99<50ms`. */
  readonly text: string;
  /** What was measured, written as a person reads it. */
  readonly measured: string;
  readonly met: boolean;
}

/** What a run found, before it is judged. */
export type LoadFindings = Omit<LoadReport, 'expectations' | 'passed'>;

export interface LoadReport {
  /** The harness's version. */
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The plan, without its token. */
  readonly plan: Omit<LoadPlan, 'token'>;
  /** How it ended: to its end, or by a signal before. */
  readonly interrupted: boolean;
  readonly rampMs: number;
  readonly holdMs: number;
  /** Tool calls: answered well, and those a second over the hold. */
  readonly answered: number;
  readonly perSecond: number;
  /** Of all tool calls answered well. */
  readonly latency: Latency;
  /** From the first byte of `initialize` until the session can make calls; in the ramp, from when it was due. */
  readonly sessionCreation: Latency;
  /** The first tool call of each session. */
  readonly firstCall: Latency;
  readonly operations: readonly OperationReport[];
  /** Over all operations. */
  readonly errors: ErrorCounts;
  readonly errorSamples: readonly ErrorSample[];
  /** Answers with another session's token; more than none fails the run. */
  readonly contaminated: number;
  /** JSON-RPC requests whose answer never came: `no answer` and `timeout`. */
  readonly lost: number;
  /** The longest time of the hold without any tool call answered well. */
  readonly longestGapMs: number;
  /** How answers to calls came: as JSON or as an event stream. */
  readonly answerKinds: { readonly json: number; readonly eventStream: number };
  readonly sessions: SessionsReport;
  readonly seconds: readonly SecondReport[];
  readonly client: ClientReport;
  readonly metrics: ServerMetricsReport | null;
  readonly process: ServerProcessReport | null;
  readonly expectations: readonly ExpectationResult[];
  readonly passed: boolean;
}
