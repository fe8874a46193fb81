/**
 * Every metric of the gateway: name, help, labels and buckets. Dashboards and alerts depend on the names. Names and
 * buckets of `mcp_server_*` are those of OpenTelemetry (semantic conventions for MCP, `mcp.server.operation.duration`
 * and `mcp.server.session.duration`) in the spelling of Prometheus.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import { CODE_CACHES } from '../../shared/code-caches.js';
import { END_REASONS } from '../end-reason.js';
import { FastHistogram } from './fast-histogram.js';
import {
  CANCEL_REASONS,
  CLAIM_KINDS,
  CONNECTION_DROP_REASONS,
  DESCRIPTOR_STATES,
  LEARNED_OUTCOMES,
  LISTENERS,
  PARKED_CALL_OUTCOMES,
  QUOTA_NAMES,
  REJECTION_REASONS,
  SLEEP_REASONS,
  STREAM_KINDS,
  THREAD_EXIT_CAUSES,
  TRANSPORTS,
} from './labels.js';

/** Seconds; the boundaries that the semantic conventions require. */
const OPERATION_BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];
/** Seconds. A thread starts in about 50 ms, a warm claim takes no time, and a kill should take less than 50 ms. */
const THREAD_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export type Catalogue = ReturnType<typeof createCatalogue>;

/**
 * Registers all metrics of the gateway.
 * @param collect called once at each scrape, before any gauge is read; it sets the gauges
 */
export function createCatalogue(registry: Registry, collect: () => void) {
  const registers = [registry];
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name, help, labelNames, registers });
  const counter = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter<Label>({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: readonly number[]) =>
    new FastHistogram({ name, help, buckets, registry });

  // prom-client reads metrics in the order in which they were registered, so this one's `collect` runs first.
  const buildInfo = new Gauge({
    name: 'bulkhead_build_info',
    help: 'Always 1; its labels are the versions of the gateway and of Node.js.',
    labelNames: ['version', 'node_version'],
    registers,
    collect,
  });

  const catalogue = {
    buildInfo,
    operationDuration: histogram(
      'mcp_server_operation_duration_seconds',
      'Time from the arrival of an MCP request until its result or error was sent.',
      OPERATION_BUCKETS,
    ),
    sessionDuration: histogram(
      'mcp_server_session_duration_seconds',
      'Time from the start of an MCP session until its end.',
      OPERATION_BUCKETS,
    ),

    startTime: gauge('bulkhead_start_time_seconds', 'When the gateway started, in seconds since the epoch.'),
    limits: gauge('bulkhead_limit', 'Configured limits, by name.', ['limit']),
    draining: gauge(
      'bulkhead_draining',
      '1 while the gateway drains and takes no new sessions, otherwise 0.',
    ),

    sessions: gauge('bulkhead_sessions', 'Sessions by state.', ['state']),
    sessionsStarted: counter('bulkhead_sessions_started_total', 'Sessions that were started.', ['transport']),
    sessionsEnded: counter('bulkhead_sessions_ended_total', 'Sessions that have ended, by reason.', [
      'reason',
      'transport',
    ]),
    sessionWake: histogram(
      'bulkhead_session_wake_duration_seconds',
      'Time from the first message that needed a thread until the session had one that was set up.',
      THREAD_BUCKETS,
    ),
    sessionSleeps: counter(
      'bulkhead_session_sleeps_total',
      'Times that a session without work was put to sleep, by reason.',
      ['reason'],
    ),

    sessionStateBytes: gauge('bulkhead_session_state_bytes', 'Bytes of session.state in all sessions.'),

    requestsInFlight: gauge('bulkhead_requests_in_flight', 'Requests that have not been answered yet.'),
    requestsCancelled: counter('bulkhead_requests_cancelled_total', 'Requests that were cancelled.', [
      'reason',
    ]),
    sessionsKept: gauge(
      'bulkhead_sessions_kept',
      'Sessions whose thread stays because somebody listens to their resources.',
    ),
    parkedCalls: gauge(
      'bulkhead_parked_calls',
      'Calls whose handlers wait for a request with which their clients continue them.',
    ),
    parkedCallsEnded: counter(
      'bulkhead_parked_calls_ended_total',
      'Calls that waited for their clients and do so no longer, by outcome: resumed, abandoned, lost with their thread, drained.',
      ['outcome'],
    ),
    requestsLost: counter(
      'bulkhead_requests_lost_total',
      'Requests that were answered with an error because their thread had ended.',
    ),
    ruleRefusals: counter(
      'bulkhead_rule_refusals_total',
      'Requests that the rules do not allow, by server and reason; enforced=false: let through by policy dry-run.',
      ['server', 'reason', 'enforced'],
    ),
    principalRequests: counter(
      'bulkhead_principal_requests_total',
      'Requests of the principals that metrics-principals names, served or not.',
      ['principal'],
    ),
    principalRefusals: counter(
      'bulkhead_principal_refusals_total',
      'Requests of these principals that rules or quotas refused, by reason.',
      ['principal', 'reason'],
    ),
    auditWriteFailures: counter(
      'bulkhead_audit_write_failures_total',
      'Lines of the audit log that could not be written.',
    ),
    rejections: counter('bulkhead_rejections_total', 'HTTP requests that the gateway refused.', ['reason']),

    quotaRefusals: counter(
      'bulkhead_quota_refusals_total',
      'Requests that were refused because their principal, or their address, had used what it may.',
      ['quota'],
    ),
    toolsClosed: counter(
      'bulkhead_tools_closed_total',
      'Times that a tool was closed for a minute for one principal or address, because its calls had ended their threads.',
    ),

    connections: gauge('bulkhead_connections', 'Open connections by listener.', ['listener']),
    connectionsDropped: counter(
      'bulkhead_connections_dropped_total',
      'Connections that the gateway closed on its own, by listener and reason.',
      ['listener', 'reason'],
    ),

    descriptorStates: counter(
      'bulkhead_descriptor_states_total',
      'Times that file descriptors became scarce or were free again, by state.',
      ['state'],
    ),
    unfinishedBodies: gauge(
      'bulkhead_unfinished_body_bytes',
      'Bytes of request bodies that are still being received.',
    ),

    threads: gauge('bulkhead_threads', 'Session threads by state.', ['state']),
    processes: gauge('bulkhead_processes', 'Processes that sessions are served by, by state.', ['state']),
    processMemory: gauge(
      'bulkhead_process_memory_bytes',
      'Resident memory of the processes that sessions are served by, with their descendants.',
    ),
    servers: gauge('bulkhead_servers', 'Servers of the catalogue by state.', ['state']),
    serverReloads: counter(
      'bulkhead_server_reloads_total',
      'Times that the code of a server was read again, by result; refused: the earlier version stays.',
      ['server', 'result'],
    ),
    outdatedWorkers: gauge(
      'bulkhead_outdated_workers',
      'Threads and processes that still run an earlier version of their server.',
    ),
    listsLearned: counter(
      'bulkhead_lists_learned_total',
      'Times that a server which had just started gave its lists, by outcome: learned, same as known, replaced, own of one session, dynamic (different each time).',
      ['outcome'],
    ),
    threadWaiters: gauge('bulkhead_thread_waiters', 'Sessions that wait for a thread or a process.'),
    threadLongestWait: gauge(
      'bulkhead_thread_wait_age_seconds',
      'How long the longest-waiting session has waited for a thread, 0 if none waits.',
    ),
    sparesTarget: gauge(
      'bulkhead_spare_threads_target',
      'Number of spare threads that the pool tries to keep.',
    ),
    threadStart: histogram(
      'bulkhead_thread_start_duration_seconds',
      'Time from the start of a thread until it was ready for a session.',
      THREAD_BUCKETS,
    ),
    codeCacheRejections: counter(
      'bulkhead_code_cache_rejections_total',
      'Thread starts in which V8 refused a code cache, by cache.',
      ['cache'],
    ),
    threadClaimWait: histogram(
      'bulkhead_thread_claim_wait_seconds',
      'Time that a session waited for its thread.',
      THREAD_BUCKETS,
    ),
    threadKill: histogram(
      'bulkhead_thread_kill_duration_seconds',
      'Time from the first step of the kill ladder until the thread was gone, for killed threads.',
      THREAD_BUCKETS,
    ),
    threadClaims: counter(
      'bulkhead_thread_claims_total',
      'Threads that were given to a session, by kind of claim.',
      ['kind'],
    ),
    threadExits: counter('bulkhead_thread_exits_total', 'Session threads that have ended, by cause.', [
      'cause',
    ]),
    threadsStuck: counter(
      'bulkhead_threads_stuck_total',
      'Threads that were told to terminate and did not within 5 seconds.',
    ),
    memoryNearlyFull: gauge(
      'bulkhead_container_memory_nearly_full',
      '1 while no thread is started because the memory of the container is nearly full, otherwise 0.',
    ),
    threadMemory: gauge('bulkhead_thread_memory_bytes', 'Heap and Buffers of all session threads.'),
    threadHeap: gauge('bulkhead_thread_heap_bytes', 'V8 heap of all session threads.'),
    threadUtilization: gauge(
      'bulkhead_thread_event_loop_utilization_ratio',
      'Mean event-loop utilization of all session threads, 0 to 1.',
    ),

    libuvPoolWait: histogram(
      'bulkhead_libuv_pool_wait_seconds',
      'Duration of a trivial job in the thread pool of libuv, including its wait; measured once a second.',
      THREAD_BUCKETS,
    ),
    libuvPoolWaitAge: gauge(
      'bulkhead_libuv_pool_wait_age_seconds',
      'How long the current probe of the thread pool of libuv has been waiting, 0 if none is.',
    ),

    streams: gauge('bulkhead_streams', 'Open SSE streams by kind.', ['kind']),
    streamsOpened: counter('bulkhead_streams_opened_total', 'SSE streams that were opened.', ['kind']),
    streamsStalled: counter(
      'bulkhead_streams_stalled_total',
      'SSE streams that were closed because their client did not read.',
      ['kind'],
    ),
    streamsResumed: counter(
      'bulkhead_streams_resumed_total',
      'Times that a client resumed a stream with Last-Event-ID; lost: its events were gone.',
      ['kind', 'outcome'],
    ),
    eventsReplayed: counter('bulkhead_stream_events_replayed_total', 'SSE events that were sent again.'),
    eventsDropped: counter(
      'bulkhead_stream_events_dropped_total',
      'Events that were dropped from the event log before a client received them.',
    ),
    bufferedBytes: gauge(
      'bulkhead_stream_buffered_bytes',
      'Bytes that wait because their clients read slowly.',
    ),
    outputBytes: gauge(
      'bulkhead_output_bytes',
      'Bytes written to connections that clients have not received yet.',
    ),
    eventLogBytes: gauge('bulkhead_event_log_bytes', 'Bytes in all event logs.'),
    responsesUnmatched: counter(
      'bulkhead_responses_unmatched_total',
      'Responses of clients that match no request of their server.',
    ),

    moduleLogLines: counter('bulkhead_module_log_lines_total', 'Log lines of server modules.', [
      'source',
      'level',
    ]),
    moduleLogLinesDropped: counter(
      'bulkhead_module_log_lines_dropped_total',
      'Log lines of server modules that were dropped by the rate limit.',
    ),
    loggerFailures: counter(
      'bulkhead_logger_failures_total',
      'Log lines that were lost because the logger of the embedding program threw.',
    ),
    stdoutLinesSkipped: counter(
      'bulkhead_stdout_lines_skipped_total',
      'Lines on the stdout of servers that speak stdio that were no messages of the protocol.',
    ),
    moduleSeries: gauge('bulkhead_module_series', 'Number of metric series of server modules.'),
    moduleMetricsRefused: counter(
      'bulkhead_module_metrics_refused_total',
      'Metrics or series of server modules that were refused, counted in each report.',
      ['reason'],
    ),

    childProcesses: gauge('bulkhead_child_processes', 'Live child processes of sessions.'),
    childProcessesKilled: counter(
      'bulkhead_child_processes_killed_total',
      'Child processes that were killed because their request or session had ended.',
    ),
    leftoverProcesses: counter(
      'bulkhead_leftover_processes_ended_total',
      'Processes that a gateway had left behind when it was killed, and that this one ended.',
    ),
    leftoverFolders: counter(
      'bulkhead_leftover_folders_removed_total',
      'Folders for temporary files that a gateway had left behind when it was killed, and that this one removed.',
    ),

    eventLoopDelayP50: gauge(
      'bulkhead_event_loop_delay_p50_seconds',
      'Event-loop delay of the main thread since the last scrape, median.',
    ),
    eventLoopDelayP99: gauge(
      'bulkhead_event_loop_delay_p99_seconds',
      'Event-loop delay of the main thread since the last scrape, 99th percentile.',
    ),
    eventLoopDelayMax: gauge(
      'bulkhead_event_loop_delay_max_seconds',
      'Event-loop delay of the main thread since the last scrape, maximum.',
    ),
  };

  startAtZero(catalogue);
  return catalogue;
}

/**
 * If a counter appears only with its first count, `rate()` does not see that count. So closed label sets start at 0.
 */
function startAtZero(
  catalogue: Pick<
    Catalogue,
    | 'sessionsStarted'
    | 'sessionsEnded'
    | 'sessionSleeps'
    | 'requestsCancelled'
    | 'parkedCallsEnded'
    | 'rejections'
    | 'quotaRefusals'
    | 'connectionsDropped'
    | 'descriptorStates'
    | 'codeCacheRejections'
    | 'listsLearned'
    | 'threadClaims'
    | 'threadExits'
    | 'streamsOpened'
    | 'streamsStalled'
  >,
): void {
  for (const transport of TRANSPORTS) {
    catalogue.sessionsStarted.inc({ transport }, 0);
    for (const reason of END_REASONS) catalogue.sessionsEnded.inc({ reason, transport }, 0);
  }
  for (const reason of SLEEP_REASONS) catalogue.sessionSleeps.inc({ reason }, 0);
  for (const reason of CANCEL_REASONS) catalogue.requestsCancelled.inc({ reason }, 0);
  for (const outcome of PARKED_CALL_OUTCOMES) catalogue.parkedCallsEnded.inc({ outcome }, 0);
  for (const reason of REJECTION_REASONS) catalogue.rejections.inc({ reason }, 0);
  for (const quota of QUOTA_NAMES) catalogue.quotaRefusals.inc({ quota }, 0);
  for (const listener of LISTENERS) {
    for (const reason of CONNECTION_DROP_REASONS) catalogue.connectionsDropped.inc({ listener, reason }, 0);
  }
  for (const state of DESCRIPTOR_STATES) catalogue.descriptorStates.inc({ state }, 0);
  for (const cache of CODE_CACHES) catalogue.codeCacheRejections.inc({ cache }, 0);
  for (const outcome of LEARNED_OUTCOMES) catalogue.listsLearned.inc({ outcome }, 0);
  for (const kind of CLAIM_KINDS) catalogue.threadClaims.inc({ kind }, 0);
  for (const cause of THREAD_EXIT_CAUSES) catalogue.threadExits.inc({ cause }, 0);
  for (const kind of STREAM_KINDS) {
    catalogue.streamsOpened.inc({ kind }, 0);
    catalogue.streamsStalled.inc({ kind }, 0);
  }
}
