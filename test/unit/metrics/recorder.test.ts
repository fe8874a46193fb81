import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { GatewayEmitter, type GatewayEvents } from '../../../src/telemetry/events.js';
import { createMetrics, type Metrics } from '../../../src/telemetry/metrics/recorder.js';
import { until } from '../../support/deadline.js';
import { standStill } from '../../support/stand-still.js';
import { claimed, contextOf, exited, FakeView, finished, requestOf, samplesOf } from './fake-gateway.js';

const OPERATIONS = 'mcp_server_operation_duration_seconds';

describe('metrics of the gateway', () => {
  let events: GatewayEmitter;
  let view: FakeView;
  let metrics: Metrics;
  let tools: Set<string>;

  beforeEach(() => {
    events = new GatewayEmitter();
    view = new FakeView();
    tools = new Set(['echo', 'wait']);
    metrics = createMetrics({ events, view, knownTools: () => tools, version: '1.2.3', maxModuleSeries: 5 });
  });

  afterEach(() => metrics.close());

  const text = async (accept?: string) => (await metrics.scrape(accept)).body;
  const samples = async () => samplesOf(await text());
  const operation = (labels: Record<string, string>) => {
    const all = {
      mcp_method_name: 'tools/call',
      gen_ai_tool_name: '',
      error_type: '',
      network_transport: 'tcp',
      mcp_protocol_version: '2025-11-25',
      ...labels,
    };
    const written = Object.entries(all).map(([name, value]) => `${name}="${value}"`);
    return `${OPERATIONS}_count{${written.join(',')}}`;
  };

  it('come with the metrics that every Node.js process has', async () => {
    const found = await samples();
    expect(found.get('process_cpu_seconds_total')).to.be.greaterThan(0);
    expect(found.get('process_resident_memory_bytes')).to.be.greaterThan(1e6);
    expect(found.get('nodejs_heap_size_used_bytes')).to.be.greaterThan(1e6);
  });

  it('read the gauges from the gateway at each scrape', async () => {
    await samples();
    view.current = { ...view.current, draining: true, requestsInFlight: 60 };
    const found = await samples();
    expect(found.get('bulkhead_draining')).to.equal(1);
    expect(found.get('bulkhead_requests_in_flight')).to.equal(60);
    expect(found.get('bulkhead_sessions{state="ending"}')).to.equal(3);
    expect(found.get('bulkhead_threads{state="claimed"}')).to.equal(4);
    expect(found.get('bulkhead_streams{kind="get"}')).to.equal(7);
    expect(found.get('bulkhead_limit{limit="sessions"}')).to.equal(10_000);
    expect(found.get('bulkhead_limit{limit="threads"}')).to.equal(100);
    expect(found.get('bulkhead_thread_event_loop_utilization_ratio')).to.equal(0.5);
  });

  it('show counters with closed label sets before anything was counted', async () => {
    const found = await samples();
    expect(found.get('bulkhead_sessions_ended_total{reason="disconnect",transport="sse"}')).to.equal(0);
    expect(found.get('bulkhead_rejections_total{reason="unauthorized"}')).to.equal(0);
    expect(found.get('bulkhead_thread_exits_total{cause="out_of_memory"}')).to.equal(0);
  });

  it('count sessions by transport and reason', async () => {
    const context = contextOf();
    events.emit('session-started', { context });
    events.emit('session-ended', { context, reason: 'idle', durationMs: 1500, requests: 2 });
    events.emit('session-ended', { context, reason: 'thread_deaths', durationMs: 1500, requests: 2 });
    const found = await samples();
    expect(found.get('bulkhead_sessions_started_total{transport="streamable-http"}')).to.equal(1);
    expect(found.get('bulkhead_sessions_ended_total{reason="idle",transport="streamable-http"}')).to.equal(1);
    const rest = 'network_transport="tcp",mcp_protocol_version="2025-11-25"';
    expect(found.get(`mcp_server_session_duration_seconds_sum{error_type="",${rest}}`)).to.equal(1.5);
    expect(
      found.get(`mcp_server_session_duration_seconds_count{error_type="thread_deaths",${rest}}`),
    ).to.equal(1);
  });

  it('count requests in the buckets of OpenTelemetry', async () => {
    for (const durationMs of [5, 10, 400, 400_000]) events.emit('request-finished', finished({ durationMs }));
    const body = await text();
    const buckets = [
      ...body.matchAll(/^mcp_server_operation_duration_seconds_bucket\{le="(.*?)".* (\d+)$/gm),
    ];
    expect(buckets.map((match) => match[1])).to.deep.equal([
      '0.01',
      '0.02',
      '0.05',
      '0.1',
      '0.2',
      '0.5',
      '1',
      '2',
      '5',
      '10',
      '30',
      '60',
      '120',
      '300',
      '+Inf',
    ]);
    expect(buckets.map((match) => Number(match[2]))).to.deep.equal([
      2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4,
    ]);
    expect(samplesOf(body).get(operation({ gen_ai_tool_name: 'echo' }))).to.equal(4);
  });

  it('tell tools, methods and errors apart where they are known', async () => {
    events.emit('request-finished', finished({ tool: 'wait', failure: 'tool_error' }));
    events.emit('request-finished', finished({ tool: 'wait', failure: 'cancelled' }));
    events.emit('request-finished', finished({ method: 'tools/list', tool: undefined }));
    events.emit(
      'request-finished',
      finished({ method: 'resources/read', tool: undefined, failure: '-32602' }),
    );
    const found = await samples();
    expect(found.get(operation({ gen_ai_tool_name: 'wait', error_type: 'tool_error' }))).to.equal(1);
    expect(found.get(operation({ gen_ai_tool_name: 'wait', error_type: 'cancelled' }))).to.equal(1);
    expect(found.get(operation({ mcp_method_name: 'tools/list' }))).to.equal(1);
    expect(found.get(operation({ mcp_method_name: 'resources/read', error_type: '-32602' }))).to.equal(1);
  });

  it('count everything that a client can make up as other', async () => {
    for (let index = 0; index < 50; index += 1) {
      const context = contextOf({ protocolVersion: `version-${index}`, sessionId: `secret-${index}` });
      events.emit('request-finished', finished({ context, method: `method-${index}`, tool: undefined }));
      events.emit('request-finished', finished({ context, tool: `tool-${index}`, failure: `${index}` }));
    }
    const body = await text();
    expect(body).to.not.match(/(method|tool|version|secret)-\d/);
    const found = samplesOf(body);
    const other = { mcp_protocol_version: 'other' };
    expect(found.get(operation({ ...other, mcp_method_name: 'other' }))).to.equal(50);
    expect(found.get(operation({ ...other, gen_ai_tool_name: 'other', error_type: 'other' }))).to.equal(50);
  });

  it('take a tool up once the server has it', async () => {
    events.emit('request-finished', finished({ tool: 'late' }));
    tools.add('late');
    events.emit('request-finished', finished({ tool: 'late' }));
    const found = await samples();
    expect(found.get(operation({ gen_ai_tool_name: 'other' }))).to.equal(1);
    expect(found.get(operation({ gen_ai_tool_name: 'late' }))).to.equal(1);
  });

  it('count what happens to threads', async () => {
    events.emit('thread-started', { thread: 1, isolation: 'thread', startMs: 60, niceness: 5 });
    events.emit('code-cache-rejected', { cache: 'module' });
    events.emit('thread-claimed', claimed(1, 'queued', 300));
    events.emit('thread-exited', { ...exited(1, { cause: 'killed', killMs: 40 }), requestsLost: 2 });
    events.emit('thread-stuck', { thread: 2, isolation: 'thread', context: undefined });
    const found = await samples();
    expect(found.get('bulkhead_thread_start_duration_seconds_sum')).to.equal(0.06);
    expect(found.get('bulkhead_thread_claim_wait_seconds_sum')).to.equal(0.3);
    expect(found.get('bulkhead_code_cache_rejections_total{cache="module"}')).to.equal(1);
    expect(found.get('bulkhead_code_cache_rejections_total{cache="worker"}')).to.equal(0);
    expect(found.get('bulkhead_thread_claims_total{kind="queued"}')).to.equal(1);
    expect(found.get('bulkhead_thread_kill_duration_seconds_bucket{le="0.05"}')).to.equal(1);
    expect(found.get('bulkhead_thread_exits_total{cause="killed"}')).to.equal(1);
    expect(found.get('bulkhead_requests_lost_total')).to.equal(2);
    expect(found.get('bulkhead_threads_stuck_total')).to.equal(1);
  });

  it('count streams, refusals, cancellations, log lines and child processes', async () => {
    const context = contextOf();
    events.emit('stream-opened', { kind: 'post' });
    events.emit('stream-closed', { kind: 'post', stalled: true });
    events.emit('stream-resumed', { kind: 'get', replayed: 3, lost: false });
    events.emit('stream-resumed', { kind: 'get', replayed: 0, lost: true });
    events.emit('events-dropped', { context, events: 4 });
    events.emit('rejected', {
      reason: 'draining',
      status: 503,
      sessionId: undefined,
      remoteAddress: undefined,
    });
    events.emit('request-cancelled', { ...requestOf(), reason: 'disconnect' });
    const line = { key: undefined, message: 'hello', fields: undefined };
    events.emit('module-log', { ...line, context, source: 'stdout', level: 'info' });
    events.emit('module-log-dropped', { context, lines: 7 });
    events.emit('children-killed', { processes: 2 });
    events.emit('leftovers-ended', { processes: 3, folders: 1 });
    events.emit('response-unmatched', { context });
    const found = await samples();
    expect(found.get('bulkhead_streams_opened_total{kind="post"}')).to.equal(1);
    expect(found.get('bulkhead_streams_stalled_total{kind="post"}')).to.equal(1);
    expect(found.get('bulkhead_streams_resumed_total{kind="get",outcome="replayed"}')).to.equal(1);
    expect(found.get('bulkhead_streams_resumed_total{kind="get",outcome="lost"}')).to.equal(1);
    expect(found.get('bulkhead_stream_events_replayed_total')).to.equal(3);
    expect(found.get('bulkhead_stream_events_dropped_total')).to.equal(4);
    expect(found.get('bulkhead_rejections_total{reason="draining"}')).to.equal(1);
    expect(found.get('bulkhead_requests_cancelled_total{reason="disconnect"}')).to.equal(1);
    expect(found.get('bulkhead_module_log_lines_total{source="stdout",level="info"}')).to.equal(1);
    expect(found.get('bulkhead_module_log_lines_dropped_total')).to.equal(7);
    expect(found.get('bulkhead_child_processes_killed_total')).to.equal(2);
    expect(found.get('bulkhead_leftover_processes_ended_total')).to.equal(3);
    expect(found.get('bulkhead_leftover_folders_removed_total')).to.equal(1);
    expect(found.get('bulkhead_responses_unmatched_total')).to.equal(1);
  });

  it('hold what threads report, and after they exit what they counted', async () => {
    const values = [{ value: 5, labels: {} }];
    events.emit('thread-metrics', {
      thread: 1,
      metrics: [{ name: 'jobs_total', help: 'h', type: 'counter', values }],
    });
    expect((await samples()).get('jobs_total')).to.equal(5);
    events.emit('thread-exited', exited(1));
    const found = await samples();
    expect(found.get('jobs_total')).to.equal(5);
    expect(found.get('bulkhead_module_series')).to.equal(1);
    expect(found.get('bulkhead_limit{limit="module_series"}')).to.equal(5);
  });

  it('count refused module metrics each time and give notice of each name once', async () => {
    const notices: GatewayEvents['notice'][0][] = [];
    events.on('notice', (notice) => notices.push(notice));
    const bad = { name: 'bulkhead_mine', help: 'h', type: 'counter', values: [] };
    events.emit('thread-metrics', { thread: 1, metrics: [bad] });
    events.emit('thread-metrics', { thread: 1, metrics: [bad] });
    expect(notices).to.have.length(1);
    expect(notices[0]?.fields).to.deep.equal({ metric: 'bulkhead_mine', reason: 'reserved_name' });
    const found = await samples();
    expect(found.get('bulkhead_module_metrics_refused_total{reason="reserved_name"}')).to.equal(2);
  });

  it('show how long the main thread was held up since the last scrape, and an idle one without delay', async () => {
    await delay(60);
    standStill(200);
    await delay(60);
    expect((await samples()).get('bulkhead_event_loop_delay_max_seconds')).to.be.at.least(0.15);
    // Each scrape begins a new measurement; on a busy machine a thread is not idle at once.
    await until(async () => {
      await delay(60);
      return ((await samples()).get('bulkhead_event_loop_delay_p50_seconds') ?? 1) <= 0.015;
    }, 'an idle main thread without delay');
  });

  it('give OpenMetrics to who prefers it, and Prometheus text with the same names right after', async () => {
    const before = await samples();
    const { contentType, body } = await metrics.scrape(
      'application/openmetrics-text;version=1.0.0,text/plain;q=0.5',
    );
    expect(contentType).to.contain('application/openmetrics-text; version=1.0.0');
    expect(body.endsWith('\n# EOF\n')).to.equal(true);
    expect(body).to.contain('# TYPE bulkhead_sessions_started counter');
    expect(body).to.contain('bulkhead_sessions_started_total{transport="sse"} 0');
    expect(body).to.not.contain('_total_total');
    expect([...(await samples()).keys()]).to.deep.equal([...before.keys()]);
  });

  it('fail a scrape with the reason when the gateway cannot be read', async () => {
    view.snapshot = () => {
      throw new Error('no snapshot');
    };
    const outcome = await metrics.scrape(undefined).catch((error: Error) => error.message);
    expect(outcome).to.equal('no snapshot');
  });

  it('leave no listener behind', () => {
    metrics.close();
    expect(events.eventNames()).to.deep.equal([]);
  });
});
