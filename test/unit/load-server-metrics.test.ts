import { expect } from 'chai';
import { parseExposition } from '../../load/server/exposition.js';
import { type ClientCounts, isBehind, serverMetricsReport } from '../../load/server/server-metrics.js';

const URL = 'http://127.0.0.1:9090/metrics';
const COUNTS: ClientCounts = {
  callsSent: 110,
  callsAnswered: 100,
  sessions: { attempted: 12, created: 10 },
};

/** Metrics of a Bulkhead with these counts. */
function bulkhead(calls: number, sessions: number, more = ''): string {
  return `# TYPE process_start_time_seconds gauge
process_start_time_seconds 1700000000
# TYPE mcp_server_operation_duration_seconds histogram
mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call",error_type=""} ${calls - 1}
mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call",error_type="tool_error"} 1
mcp_server_operation_duration_seconds_count{mcp_method_name="initialize",error_type=""} 77
# TYPE bulkhead_sessions_started_total counter
bulkhead_sessions_started_total{transport="streamable-http"} ${sessions}
bulkhead_sessions_started_total{transport="sse"} 0
${more}`;
}

function report(before: string, after: string | Error, counts = COUNTS) {
  return serverMetricsReport({
    url: URL,
    before: parseExposition(before),
    after: typeof after === 'string' ? parseExposition(after) : after.message,
    counts,
  });
}

const figure = (name: string, { figures }: ReturnType<typeof report>) =>
  figures.find((one) => one.name === name);

describe("the server's metrics at both ends of a run", () => {
  describe('held against what the client counted', () => {
    it('agree when the server counted what was answered', () => {
      const { checks } = report(bulkhead(50, 3), bulkhead(150, 13));
      expect(checks).to.deep.equal([
        { what: 'tools/call operations', client: 100, server: 100, agrees: true },
        { what: 'sessions created', client: 10, server: 10, agrees: true },
      ]);
    });

    it('agree for any number from what was answered to what was sent', () => {
      const agree = (calls: number, sessions: number) =>
        report(bulkhead(50, 3), bulkhead(50 + calls, 3 + sessions)).checks.map(({ agrees }) => agrees);
      expect(agree(110, 12)).to.deep.equal([true, true]);
      expect(agree(105, 11)).to.deep.equal([true, true]);
      expect(agree(99, 9)).to.deep.equal([false, false]);
      expect(agree(111, 13)).to.deep.equal([false, false]);
    });

    it('name other clients as a possible cause where the server counted more', () => {
      const [calls, sessions] = report(bulkhead(50, 3), bulkhead(400, 13)).checks;
      expect(calls).to.deep.equal({
        what: 'tools/call operations (the server may have had other clients at the same time)',
        client: 100,
        server: 350,
        agrees: false,
      });
      expect(sessions?.what).to.equal('sessions created');
    });

    it('take a series that was not there at the start as one that began at 0', () => {
      const before = '# TYPE mcp_server_operation_duration_seconds histogram\n';
      const { checks } = report(before, bulkhead(100, 10));
      expect(checks.map(({ server, agrees }) => [server, agrees])).to.deep.equal([
        [100, true],
        [10, true],
      ]);
    });

    it('disagree when the server has the metric and counted nothing', () => {
      const none = '# TYPE mcp_server_operation_duration_seconds histogram\n';
      expect(report(none, none).checks[0]).to.deep.include({ client: 100, server: 0, agrees: false });
    });

    it('allow for calls that Bulkhead refused with a JSON-RPC error and did not count', () => {
      const refused = (count: number) => `bulkhead_rejections_total{reason="request_limit"} ${count}\n`;
      const agrees = (calls: number) =>
        report(bulkhead(50, 3, refused(2)), bulkhead(50 + calls, 13, refused(7))).checks[0]?.agrees;
      expect([94, 95, 100].map(agrees)).to.deep.equal([false, true, true]);
    });

    it('count initialize operations where the server has no count of sessions', () => {
      const other = (count: number) =>
        `mcp_server_operation_duration_seconds_count{mcp_method_name="initialize"} ${count}\n`;
      const { checks } = report(other(5), other(15), { ...COUNTS, callsSent: 0, callsAnswered: 0 });
      expect(checks[1]).to.deep.equal({
        what: 'initialize operations',
        client: 10,
        server: 10,
        agrees: true,
      });
    });

    it('are no check of sessions where the client has none', () => {
      const { checks } = report(bulkhead(50, 3), bulkhead(150, 3), { ...COUNTS, sessions: undefined });
      expect(checks.map(({ what, agrees }) => [what, agrees])).to.deep.equal([
        ['tools/call operations', true],
      ]);
    });

    it('are no check where the server has none of them', () => {
      const found = report('process_resident_memory_bytes 5', 'process_resident_memory_bytes 9');
      expect(found.checks).to.deep.equal([]);
      expect(found.figures).to.deep.equal([{ name: 'process_resident_memory_bytes', before: 5, after: 9 }]);
    });

    it('say whether the server may still be about to count', () => {
      expect(isBehind(report(bulkhead(50, 3), bulkhead(149, 13)))).to.equal(true);
      expect(isBehind(report(bulkhead(50, 3), bulkhead(150, 13)))).to.equal(false);
      expect(isBehind(report(bulkhead(50, 3), bulkhead(500, 13)))).to.equal(false);
    });
  });

  describe('of a server that restarted in between', () => {
    const note = 'The server restarted during the run, so that this cannot be checked.';

    it('are no check, and say so, when a counter went down', () => {
      const found = report(bulkhead(50, 20), bulkhead(60, 10));
      expect(found.checks).to.deep.equal([]);
      expect(found.figures.slice(0, 2)).to.deep.equal([
        { name: 'tools/call operations', before: 50, after: 60, note },
        { name: 'sessions created', before: 20, after: 10, note },
      ]);
    });

    it('are no check when a series has gone', () => {
      const gone = '# TYPE mcp_server_operation_duration_seconds histogram\n';
      expect(report(bulkhead(50, 3), gone).figures[0]).to.deep.include({ before: 50, after: null, note });
    });

    it('are no check when the process is another, though its counters are higher', () => {
      const later = (seconds: number) =>
        bulkhead(150, 13).replace('1700000000', String(1700000000 + seconds));
      expect(report(bulkhead(50, 3), later(60)).checks).to.deep.equal([]);
      expect(report(bulkhead(50, 3), later(1)).checks).to.have.length(2);
    });
  });

  it('keep the figures of the start where the end cannot be read', () => {
    const found = report(bulkhead(50, 3), new Error("Can't read metrics from x: gone."));
    expect(found.checks).to.deep.equal([]);
    expect(found.figures[0]).to.deep.equal({
      name: 'metrics at the end',
      before: null,
      after: null,
      note: "Can't read metrics from x: gone.",
    });
    expect(figure('bulkhead_sessions_started_total', found)).to.deep.include({ before: 3, after: null });
  });

  it('are shown by state, without series that were 0 at both ends', () => {
    const states = (awake: number, asleep: number) =>
      `bulkhead_sessions{state="awake"} ${awake}\nbulkhead_sessions{state="asleep"} ${asleep}\nbulkhead_sessions{state="ending"} 0\n`;
    const { figures } = report(states(0, 1), states(9, 0));
    expect(figures).to.deep.equal([
      { name: 'bulkhead_sessions{state="awake"}', before: 0, after: 9 },
      { name: 'bulkhead_sessions{state="asleep"}', before: 1, after: 0 },
    ]);
  });

  it('are shown as the single figures of Node that any server has, and what is no number is not', () => {
    const node = (lag: string) => `nodejs_eventloop_lag_p99_seconds ${lag}
nodejs_version_info{version="v20.19.0"} 1
nodejs_active_handles{type="Socket"} 3
nodejs_active_handles{type="Server"} 1
nodejs_active_handles_total 4
process_resident_memory_bytes 1e8
`;
    expect(report(node('0.011'), node('NaN')).figures).to.deep.equal([
      { name: 'process_resident_memory_bytes', before: 1e8, after: 1e8 },
      { name: 'nodejs_eventloop_lag_p99_seconds', before: 0.011, after: null },
      { name: 'nodejs_active_handles_total', before: 4, after: 4 },
    ]);
  });
});
