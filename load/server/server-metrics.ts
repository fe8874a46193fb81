/** Compares the server's own metrics before and after a run with each other and with what the client counted. */
import type { CrossCheck, ServerFigure, ServerMetricsReport } from '../load-report.js';
import { type Exposition, seriesName } from './exposition.js';

/** What the client knows about the run, including idle sessions and replacements. */
export interface ClientCounts {
  /** Tool calls whose request was at least begun to be written. */
  readonly callsSent: number;
  /** The calls among them that were answered with HTTP 200 and a result or a JSON-RPC error. */
  readonly callsAnswered: number;
  /** `undefined` in the stateless era. */
  readonly sessions:
    | {
        /** `initialize` requests that were sent. */
        readonly attempted: number;
        /** The requests among them that opened a session. */
        readonly created: number;
      }
    | undefined;
}

export interface MetricsObservation {
  /** The URL in the form in which it may be shown. */
  readonly url: string;
  readonly before: Exposition;
  /** Or a sentence that says why it could not be read. */
  readonly after: Exposition | string;
  readonly counts: ClientCounts;
}

interface ShownMetric {
  /** A pattern matches only metrics with a single series. */
  readonly name: string | RegExp;
  /** Labels whose values are shown separately; the series are summed over all others. */
  readonly by: readonly string[];
}

const OPERATIONS = 'mcp_server_operation_duration_seconds';
const SESSIONS_STARTED = 'bulkhead_sessions_started_total';
const REJECTIONS = 'bulkhead_rejections_total';
/** A change of either shows a restart. */
const START_TIMES = ['process_start_time_seconds', 'bulkhead_start_time_seconds'];

/** Some servers compute it at each scrape from the time since the machine started, which is known in whole seconds. */
const START_TIME_JITTER_S = 2;

const SHOWN: readonly ShownMetric[] = [
  { name: 'bulkhead_sessions', by: ['state'] },
  { name: SESSIONS_STARTED, by: [] },
  { name: 'bulkhead_sessions_ended_total', by: ['reason'] },
  { name: 'bulkhead_threads', by: ['state'] },
  { name: 'bulkhead_thread_exits_total', by: ['cause'] },
  { name: 'bulkhead_threads_stuck_total', by: [] },
  { name: 'bulkhead_requests_in_flight', by: [] },
  { name: 'bulkhead_requests_lost_total', by: [] },
  { name: REJECTIONS, by: ['reason'] },
  { name: 'bulkhead_streams', by: ['kind'] },
  { name: 'bulkhead_child_processes', by: [] },
  { name: /^bulkhead_event_loop_delay_\w+_seconds$/, by: [] },
  { name: 'bulkhead_thread_memory_bytes', by: [] },
  { name: `${OPERATIONS}_count`, by: ['mcp_method_name'] },
  { name: 'mcp_server_session_duration_seconds_count', by: [] },
  { name: 'process_resident_memory_bytes', by: [] },
  { name: 'process_cpu_seconds_total', by: [] },
  { name: 'process_open_fds', by: [] },
  { name: /^nodejs_(?!.*_info$)/, by: [] },
];

export function serverMetricsReport({ url, before, after, counts }: MetricsObservation): ServerMetricsReport {
  if (typeof after === 'string') {
    const unread: ServerFigure = { name: 'metrics at the end', before: null, after: null, note: after };
    return { url, figures: [unread, ...figuresOf(before, undefined)], checks: [] };
  }
  const figures = figuresOf(before, after);
  const counted = countsOf(before, after, counts);
  if (counted.length > 0 && hasRestarted(before, after)) {
    const note = 'The server restarted during the run, so that this cannot be checked.';
    const unchecked = counted.map(({ what, series }) => ({
      name: what,
      ...ends(before, after, series),
      note,
    }));
    return { url, figures: [...unchecked, ...figures], checks: [] };
  }
  return { url, figures, checks: counted.map((count) => check(count, before, after)) };
}

/** Whether the server has counted less than the client has received answers: it may still be about to count. */
export function isBehind({ checks }: ServerMetricsReport): boolean {
  return checks.some(({ agrees, client, server }) => !agrees && server < client);
}

/** The samples of an exposition that make up one figure. */
interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * A figure that both sides count. If the answer to a request never came, the client cannot know whether the server
 * counted the request.
 */
interface CountedTwice {
  readonly what: string;
  readonly series: Series;
  /** The client's number, and the range that the server's number may have. */
  readonly client: number;
  readonly least: number;
  readonly most: number;
}

function countsOf(before: Exposition, after: Exposition, counts: ClientCounts): CountedTwice[] {
  const has = (family: string, sample: string): boolean =>
    [before, after].some((end) => end.families.has(family) || end.samples(sample).length > 0);
  const hasOperations = has(OPERATIONS, `${OPERATIONS}_count`);
  const operations = (method: string): Series => ({
    name: `${OPERATIONS}_count`,
    labels: { mcp_method_name: method },
  });
  const found: CountedTwice[] = [];
  if (hasOperations) {
    found.push({
      what: 'tools/call operations',
      series: operations('tools/call'),
      client: counts.callsAnswered,
      // Bulkhead answers a request over its session's limit with a JSON-RPC error and counts no operation.
      least:
        counts.callsAnswered - rise(before, after, { name: REJECTIONS, labels: { reason: 'request_limit' } }),
      most: counts.callsSent,
    });
  }
  if (counts.sessions === undefined) return found;
  const { attempted, created } = counts.sessions;
  const sessions = has(SESSIONS_STARTED, SESSIONS_STARTED)
    ? { what: 'sessions created', series: { name: SESSIONS_STARTED, labels: {} } }
    : { what: 'initialize operations', series: operations('initialize') };
  if (hasOperations || sessions.series.name === SESSIONS_STARTED) {
    found.push({ ...sessions, client: created, least: created, most: attempted });
  }
  return found;
}

function check(count: CountedTwice, before: Exposition, after: Exposition): CrossCheck {
  const { what, client, least, most } = count;
  const server = rise(before, after, count.series);
  const agrees = server >= least && server <= most;
  const cause = server > most ? ' (the server may have had other clients at the same time)' : '';
  return { what: `${what}${cause}`, client, server, agrees };
}

function ends(before: Exposition, after: Exposition, { name, labels }: Series) {
  return { before: before.sum(name, labels), after: after.sum(name, labels) };
}

/** A series that did not exist before its first count began at 0. */
function rise(before: Exposition, after: Exposition, { name, labels }: Series): number {
  return (after.sum(name, labels) ?? 0) - (before.sum(name, labels) ?? 0);
}

/** A counter falls or vanishes only if its process was restarted. */
function hasRestarted(before: Exposition, after: Exposition): boolean {
  const hasMoved = (name: string): boolean => {
    const [first, last] = [before.sum(name), after.sum(name)];
    return first !== null && last !== null && Math.abs(last - first) > START_TIME_JITTER_S;
  };
  if (START_TIMES.some(hasMoved)) return true;
  return [`${OPERATIONS}_count`, SESSIONS_STARTED].some((name) => {
    const later = new Map(after.samples(name).map((sample) => [seriesName(sample), sample.value]));
    return before.samples(name).some((sample) => !((later.get(seriesName(sample)) ?? -1) >= sample.value));
  });
}

function figuresOf(before: Exposition, after: Exposition | undefined): ServerFigure[] {
  const ends = after === undefined ? [before] : [before, after];
  return SHOWN.flatMap(({ name, by }) => {
    const names = typeof name === 'string' ? [name] : singleSeries(ends, name);
    return names.flatMap((metric) => {
      const first = addedUp(before, metric, by);
      const last = after === undefined ? undefined : addedUp(after, metric, by);
      const keys = new Set([...first.keys(), ...(last?.keys() ?? [])]);
      return [...keys]
        .map((key) => ({ name: key, before: first.get(key) ?? null, after: last?.get(key) ?? null }))
        .filter((figure) => by.length === 0 || (figure.before ?? 0) !== 0 || (figure.after ?? 0) !== 0);
    });
  });
}

function singleSeries(ends: readonly Exposition[], pattern: RegExp): string[] {
  const names = new Set(ends.flatMap((end) => [...end.sampleNames()]));
  return [...names].filter(
    (name) => pattern.test(name) && ends.every((end) => end.samples(name).length <= 1),
  );
}

/** By the name of the series with the labels that are kept separate. What is not a number is left out. */
function addedUp(end: Exposition, name: string, by: readonly string[]): Map<string, number> {
  const values = new Map<string, number>();
  for (const { labels, value } of end.samples(name)) {
    if (!Number.isFinite(value)) continue;
    const kept = new Map([...labels].filter(([label]) => by.includes(label)));
    const key = seriesName({ name, labels: kept });
    values.set(key, (values.get(key) ?? 0) + value);
  }
  return values;
}
