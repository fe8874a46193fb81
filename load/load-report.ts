/**
 * The results of a run of `bulkhead load`. This is the JSON of `--out`, from which the summary, the HTML report and the
 * thresholds are made. Times are in milliseconds, memory in bytes; a figure without a value is `null`.
 */
import type { ServerName } from './client/server-name.js';
import type { LoadPlan } from './load-plan.js';

/** From an HDR histogram with three significant figures; in an open loop, from when a request was due. */
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
 * `isError`), `invalid` (an answer that does not follow the protocol), `contaminated` (an answer with another session's
 * token), `wrong id`, `duplicate` (a second answer), `no answer` (the response ended without one), `timeout`,
 * `forgotten` (404 or 400 for a session that nobody ended), `not sent` (too many were already waiting).
 */
export type ErrorCounts = Readonly<Record<string, number>>;

/** One method, or one tool of `tools/call`. */
export interface OperationReport {
  readonly method: string;
  readonly tool: string | null;
  /** Requests that were answered successfully. */
  readonly answered: number;
  /** The same for each second of its part of the run: of the ramp for what opens a session, otherwise of the hold. */
  readonly perSecond: number;
  readonly errors: ErrorCounts;
  /** Of successful requests. */
  readonly latency: Latency;
}

/** One second of the run, counted from its start; what ended in it. */
export interface SecondReport {
  readonly second: number;
  /** Successful tool calls. */
  readonly answered: number;
  readonly errors: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  /** Open sessions at its end, including idle ones. */
  readonly sessions: number;
}

/** The first occurrence of an error. */
export interface ErrorSample {
  readonly kind: string;
  readonly message: string;
}

export interface SessionsReport {
  /** Sessions that were opened, including replacements and idle ones. */
  readonly created: number;
  readonly failed: number;
  /** Ended by the client with DELETE. */
  readonly ended: number;
  /** Cut off by the client. */
  readonly dropped: number;
  /** Sessions that the server no longer knew while the client still used them. */
  readonly forgotten: number;
  /** Sessions that were opened in place of forgotten ones. */
  readonly reopened: number;
  /** GET streams that the server closed. */
  readonly streamsClosed: number;
}

/** The machine that made the load. */
export interface MachineReport {
  /** Processors that Node may use. */
  readonly cores: number;
  readonly processor: string | null;
  readonly memoryBytes: number;
  /** Such as `v22.11.0`. */
  readonly node: string;
  /** Such as `Linux 6.8.0 x64`. */
  readonly system: string;
}

/** How near the client was to its own limits. */
export interface ClientReport {
  readonly workers: number;
  /** Processor time of the client during the hold, for each load worker, as a share of one core. */
  readonly coreShare: number;
  /** The busiest load worker's share of the hold, 0 to 1 (event-loop utilisation). */
  readonly utilisation: number;
  /** How late requests were sent after they were due; only in an open loop. */
  readonly lateP99Ms: number | null;
  /** Whether it could be judged: nothing is known of a client whose calls were not answered. */
  readonly checked: boolean;
  /** A sentence that says why the client itself was the limit, or `null`. */
  readonly limitedBy: string | null;
}

/** One of the server's own figures, before and after the run. */
export interface ServerFigure {
  readonly name: string;
  readonly before: number | null;
  readonly after: number | null;
  /** A sentence about it, such as why it is not checked. */
  readonly note?: string;
}

/** A figure that both sides count. */
export interface CrossCheck {
  /** Such as `tools/call operations`. */
  readonly what: string;
  readonly client: number;
  readonly server: number;
  /** Whether the two agree. */
  readonly agrees: boolean;
}

export interface ServerMetricsReport {
  readonly url: string;
  readonly figures: readonly ServerFigure[];
  /** Empty if the server has none of the metrics that the client can check. */
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
  /** User and system time since the run began, of all processes seen and of those for which they waited. */
  readonly cpuMs: number;
}

/** How a figure changed during the hold: least-squares slope, with the half-width of its 95 % confidence interval. */
export interface Trend {
  readonly perMinute: number;
  readonly plusMinus: number;
  /** Whether the slope does not differ significantly from zero. */
  readonly flat: boolean;
}

export interface ServerProcessReport {
  readonly pid: number;
  readonly samples: readonly ProcessSample[];
  /** Resident memory when all sessions were open, minus that before the first, divided by the open sessions. */
  readonly bytesPerSession: number | null;
  /** Processor time of the ramp, divided by the sessions that it opened. */
  readonly cpuMsPerSession: number | null;
  /** Processor time during the hold, divided by its tool calls. */
  readonly cpuMsPerCall: number | null;
  readonly trends: {
    readonly residentBytes: Trend | null;
    readonly threads: Trend | null;
    readonly descriptors: Trend | null;
  };
  /** Set if the samples stop before the end of the run: the process ended, or could no longer be read. */
  readonly stopped?: { readonly atMs: number; readonly reason: string };
}

/** What was asked of a run, and whether it met it. */
export interface Judgement {
  /** As it was written, such as `p99<50ms`. */
  readonly text: string;
  /** What was measured, written for people. */
  readonly measured: string;
  /** `true` also for a threshold of every run for which there was nothing to check. */
  readonly met: boolean;
}

/** One threshold, from `--expect` or of every run. */
export interface ExpectationResult extends Judgement {
  /** Whether there was anything to check. */
  readonly checked: boolean;
}

/** The results of a run, before they are judged. */
export type LoadFindings = Omit<LoadReport, 'expectations' | 'passed'>;

/** The format of this file. It grows by one when a field changes its meaning or is removed. */
export const REPORT_FORMAT = 1;

export interface LoadReport {
  readonly format: typeof REPORT_FORMAT;
  /** The harness's version. */
  readonly version: string;
  /** The command, without secrets. */
  readonly commandLine: string;
  readonly machine: MachineReport;
  readonly server: ServerName;
  /** Why the tool was called, if the run chose it; a clause. `null` if a mix was given. */
  readonly mixReason: string | null;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The plan, without its headers. */
  readonly plan: Omit<LoadPlan, 'headers'>;
  /** Whether the run was interrupted by a signal. */
  readonly interrupted: boolean;
  readonly rampMs: number;
  /** Calls that were not counted, between the ramp and the hold. */
  readonly warmUpMs: number;
  readonly holdMs: number;
  /** Successful tool calls, and their number per second of the hold. */
  readonly answered: number;
  readonly perSecond: number;
  /** Of all successful tool calls. */
  readonly latency: Latency;
  /** From the first byte of `initialize` until the session can make calls; in the ramp, from when it was due. */
  readonly sessionCreation: Latency;
  /** The first tool call of each session. */
  readonly firstCall: Latency;
  readonly operations: readonly OperationReport[];
  /** Over all operations. */
  readonly errors: ErrorCounts;
  readonly errorSamples: readonly ErrorSample[];
  /** Answers with another session's token; a single one fails the run. */
  readonly contaminated: number;
  /** JSON-RPC requests whose answer never came: `no answer` and `timeout`. */
  readonly lost: number;
  /** The longest time of the hold without any successful tool call. */
  readonly longestGapMs: number;
  /** How answers to calls were sent: as JSON or as an event stream. */
  readonly answerKinds: { readonly json: number; readonly eventStream: number };
  readonly sessions: SessionsReport;
  readonly seconds: readonly SecondReport[];
  readonly client: ClientReport;
  readonly metrics: ServerMetricsReport | null;
  readonly process: ServerProcessReport | null;
  readonly expectations: readonly ExpectationResult[];
  readonly passed: boolean;
}
