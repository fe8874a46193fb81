/** Metrics, as dashboards and alerts name them. */
import { Registry } from 'prom-client';
import { GatewayEmitter } from '../../src/telemetry/events.js';
import { createCatalogue } from '../../src/telemetry/metrics/catalogue.js';
import { createMetrics } from '../../src/telemetry/metrics/recorder.js';
import { contextOf, FakeView, finished } from '../unit/metrics/fake-gateway.js';
import { expectPinned } from './pinned.js';

const METRICS = [
  'bulkhead_build_info gauge version,node_version',
  'bulkhead_child_processes gauge',
  'bulkhead_child_processes_killed_total counter',
  'bulkhead_code_cache_rejections_total counter cache',
  'bulkhead_connections gauge listener',
  'bulkhead_connections_dropped_total counter listener,reason',
  'bulkhead_container_memory_nearly_full gauge',
  'bulkhead_descriptor_states_total counter state',
  'bulkhead_draining gauge',
  'bulkhead_event_log_bytes gauge',
  'bulkhead_event_loop_delay_max_seconds gauge',
  'bulkhead_event_loop_delay_p50_seconds gauge',
  'bulkhead_event_loop_delay_p99_seconds gauge',
  'bulkhead_leftover_folders_removed_total counter',
  'bulkhead_leftover_processes_ended_total counter',
  'bulkhead_libuv_pool_wait_age_seconds gauge',
  'bulkhead_libuv_pool_wait_seconds histogram',
  'bulkhead_limit gauge limit',
  'bulkhead_lists_learned_total counter outcome',
  'bulkhead_logger_failures_total counter',
  'bulkhead_outdated_workers gauge',
  'bulkhead_server_reloads_total counter server,result',
  'bulkhead_module_log_lines_dropped_total counter',
  'bulkhead_stdout_lines_skipped_total counter',
  'bulkhead_module_log_lines_total counter source,level',
  'bulkhead_module_metrics_refused_total counter reason',
  'bulkhead_module_series gauge',
  'bulkhead_output_bytes gauge',
  'bulkhead_sessions_kept gauge',
  'bulkhead_parked_calls gauge',
  'bulkhead_parked_calls_ended_total counter outcome',
  'bulkhead_quota_refusals_total counter quota',
  'bulkhead_tools_closed_total counter',
  'bulkhead_rejections_total counter reason',
  'bulkhead_rule_refusals_total counter server,reason,enforced',
  'bulkhead_principal_requests_total counter principal',
  'bulkhead_principal_refusals_total counter principal,reason',
  'bulkhead_audit_write_failures_total counter',
  'bulkhead_requests_cancelled_total counter reason',
  'bulkhead_requests_in_flight gauge',
  'bulkhead_requests_lost_total counter',
  'bulkhead_responses_unmatched_total counter',
  'bulkhead_session_sleeps_total counter reason',
  'bulkhead_session_state_bytes gauge',
  'bulkhead_session_wake_duration_seconds histogram',
  'bulkhead_sessions gauge state',
  'bulkhead_sessions_ended_total counter reason,transport',
  'bulkhead_sessions_started_total counter transport',
  'bulkhead_spare_threads_target gauge',
  'bulkhead_start_time_seconds gauge',
  'bulkhead_stream_buffered_bytes gauge',
  'bulkhead_stream_events_dropped_total counter',
  'bulkhead_stream_events_replayed_total counter',
  'bulkhead_streams gauge kind',
  'bulkhead_streams_opened_total counter kind',
  'bulkhead_streams_resumed_total counter kind,outcome',
  'bulkhead_streams_stalled_total counter kind',
  'bulkhead_thread_claim_wait_seconds histogram',
  'bulkhead_thread_claims_total counter kind',
  'bulkhead_thread_event_loop_utilization_ratio gauge',
  'bulkhead_thread_exits_total counter cause',
  'bulkhead_thread_heap_bytes gauge',
  'bulkhead_thread_kill_duration_seconds histogram',
  'bulkhead_thread_memory_bytes gauge',
  'bulkhead_thread_start_duration_seconds histogram',
  'bulkhead_thread_wait_age_seconds gauge',
  'bulkhead_thread_waiters gauge',
  'bulkhead_threads gauge state',
  'bulkhead_processes gauge state',
  'bulkhead_process_memory_bytes gauge',
  'bulkhead_servers gauge state',
  'bulkhead_threads_stuck_total counter',
  'bulkhead_unfinished_body_bytes gauge',
  'mcp_server_operation_duration_seconds histogram mcp_method_name,gen_ai_tool_name,error_type,network_transport,mcp_protocol_version',
  'mcp_server_session_duration_seconds histogram error_type,network_transport,mcp_protocol_version',
];

/**
 * What prom-client stores about a metric without declaring it; `type` is a plain string in both kinds of metric here.
 */
interface Registered {
  readonly name: string;
  readonly type: string;
  readonly labelNames?: readonly string[];
}

describe('The metrics of the gateway', () => {
  it('have these names, types and labels', async () => {
    const registry = new Registry();
    createCatalogue(registry, () => undefined);
    const labels = await histogramLabels();
    const found = (registry.getMetricsAsArray() as unknown as Registered[]).map(
      ({ name, type, labelNames = labels.get(name) ?? [] }) =>
        [name, type, ...(labelNames.length > 0 ? [labelNames.join(',')] : [])].join(' '),
    );
    expectPinned('Names, types and labels of metrics', found, METRICS);
  });
});

/** Histograms have the labels with which they are observed. */
async function histogramLabels(): Promise<Map<string, string[]>> {
  const events = new GatewayEmitter();
  const metrics = createMetrics({
    events,
    view: new FakeView(),
    knownTools: () => new Set(['echo']),
    version: '1.2.3',
    maxModuleSeries: 5,
  });
  events.emit('request-finished', finished());
  events.emit('session-ended', { context: contextOf(), reason: 'idle', durationMs: 1, requests: 1 });
  const { body } = await metrics.scrape(undefined);
  metrics.close();
  const counts = body.matchAll(/^(\w+)_count\{(.*)\} 1$/gm);
  return new Map(
    [...counts].map(([, name = '', labels = '']) => [
      name,
      [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label),
    ]),
  );
}
