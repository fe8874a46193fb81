import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type FinalCounts, ServerObserver } from '../../load/server/observer.js';
import { ServerUnreadable } from '../../load/server/server-unreadable.js';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';

const COUNTS: FinalCounts = {
  callsSent: 5,
  callsAnswered: 5,
  sessions: { attempted: 1, created: 1 },
  openSessions: 1,
  holdCalls: 5,
};

/** Serves one text after the other, and the last one forever. */
async function serveInTurn(...texts: string[]) {
  const seen = { scrapes: 0 };
  const server = createServer((_request, response) => {
    response.end(texts[Math.min(seen.scrapes, texts.length - 1)]);
    seen.scrapes += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  afterThisTest(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`, seen, close };
}

function observe(options: ConstructorParameters<typeof ServerObserver>[0]): ServerObserver {
  const observer = new ServerObserver(options);
  afterThisTest(() => observer.close());
  return observer;
}

const calls = (count: number, delay = 0): string =>
  `mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call"} ${count}
mcp_server_operation_duration_seconds_count{mcp_method_name="initialize"} ${count > 5 ? 2 : 1}
nodejs_eventloop_lag_max_seconds ${delay}
`;

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('the observer of a server', () => {
  it('finds nothing where it is told nothing', async () => {
    const observer = observe({});
    await observer.begin();
    observer.markAllOpen();
    observer.markHoldStart();
    observer.markHoldEnd();
    expect(await observer.finish(COUNTS)).to.deep.equal({ metrics: null, process: null });
  });

  it('reads the metrics again where the server was still counting, and keeps the figures of the run', async () => {
    const { url, seen } = await serveInTurn(calls(5), calls(9, 0.5), calls(10, 0.1));
    const observer = observe({ metricsUrl: url });
    await observer.begin();
    const { metrics } = await observer.finish(COUNTS);
    expect(metrics?.checks).to.deep.equal([
      { what: 'tools/call operations', client: 5, server: 5, agrees: true },
      { what: 'initialize operations', client: 1, server: 1, agrees: true },
    ]);
    expect(metrics?.figures.find(({ name }) => name.includes('lag'))?.after).to.equal(0.5);
    expect(seen.scrapes).to.equal(3);
  });

  it('gives up where the server has counted less for good', async () => {
    const { url } = await serveInTurn(calls(5), calls(9));
    const observer = observe({ metricsUrl: url });
    await observer.begin();
    const { metrics } = await observer.finish(COUNTS);
    expect(metrics?.checks[0]).to.deep.include({ client: 5, server: 4, agrees: false });
  });

  it('reports a server that is gone at the end', async () => {
    const { url, close } = await serveInTurn(calls(5));
    const observer = observe({ metricsUrl: url });
    await observer.begin();
    await close();
    const { metrics } = await observer.finish(COUNTS);
    expect(metrics?.checks).to.deep.equal([]);
    expect(metrics?.figures[0]?.note).to.match(/^Can't read metrics from http.*: connect ECONNREFUSED .*\.$/);
  });

  it('begins with one sentence where metrics or process cannot be read', async () => {
    const { url } = await serveInTurn('<html>');
    const unreadable = await thrownBy(observe({ metricsUrl: url }).begin());
    expect(unreadable).to.be.instanceOf(ServerUnreadable);
    if (process.platform !== 'linux') return;
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const gone = await thrownBy(observe({ pid: child.pid }).begin());
    expect(gone).to.be.instanceOf(ServerUnreadable);
    expect((gone as Error).message).to.equal(`There is no process ${child.pid}.`);
  });

  it('leaves nothing when it is closed in the middle of a scrape', async () => {
    let observer: ServerObserver;
    const server = createServer(() => observer.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterThisTest(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    observer = observe({ metricsUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
    expect(await thrownBy(observer.begin())).to.be.instanceOf(DOMException);
  });

  it('sees a real gateway from outside', async function () {
    if (process.platform !== 'linux') this.skip();
    const gateway = startCli(['serve', '--port', '0', '--admin-port', '0']);
    const [, mcp] = await gateway.printed('stdout', /^MCP server +(\S+)/m);
    const [, admin] = await gateway.printed('stdout', /^Admin server +(\S+)/m);
    const observer = observe({ metricsUrl: new URL('/metrics', admin).href, pid: gateway.child.pid });
    await observer.begin();
    const session = await openSession(mcp!);
    observer.markAllOpen();
    observer.markHoldStart();
    for (let id = 1; id <= 5; id += 1) await session.call(id);
    observer.markHoldEnd();
    const { metrics, process: tree } = await observer.finish(COUNTS);
    expect(metrics?.checks).to.deep.equal([
      { what: 'tools/call operations', client: 5, server: 5, agrees: true },
      { what: 'sessions created', client: 1, server: 1, agrees: true },
    ]);
    const names = metrics?.figures.map(({ name }) => name);
    expect(names).to.include.members([
      'bulkhead_sessions{state="awake"}',
      'bulkhead_sessions_started_total',
      'bulkhead_threads{state="claimed"}',
      'bulkhead_requests_in_flight',
      'bulkhead_event_loop_delay_p99_seconds',
      'process_resident_memory_bytes',
    ]);
    expect(tree?.samples.length).to.be.at.least(3);
    expect(tree?.samples[0]?.threads).to.be.above(5);
    expect(tree?.cpuMsPerCall).to.be.at.least(0);
    expect(tree).not.to.have.property('stopped');
  });

  it('tells when the process ended in the middle', async function () {
    if (process.platform !== 'linux') this.skip();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
    const exited = once(child, 'exit');
    afterThisTest(() => void child.kill('SIGKILL'));
    const observer = observe({ pid: child.pid });
    await observer.begin();
    observer.markAllOpen();
    observer.markHoldStart();
    child.kill('SIGKILL');
    await exited;
    observer.markHoldEnd();
    const { process: tree } = await observer.finish(COUNTS);
    expect(tree?.stopped?.reason).to.equal('The process has ended.');
    expect(tree?.samples).to.have.length(3);
    expect(tree?.cpuMsPerCall).to.equal(null);
  });
});

/** A client's session at a gateway. */
async function openSession(url: string) {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const post = async (message: object): Promise<Response> => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const response = await fetch(url, { method: 'POST', headers, body });
    expect(response.ok).to.equal(true);
    expect(await response.text()).not.to.include('"isError":true');
    return response;
  };
  const clientInfo = { name: 'observer-test', version: '1.0.0' };
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
  const opened = await post({ id: 0, method: 'initialize', params });
  headers['mcp-session-id'] = opened.headers.get('mcp-session-id')!;
  headers['mcp-protocol-version'] = '2025-06-18';
  await post({ method: 'notifications/initialized' });
  return {
    call: (id: number) => post({ id, method: 'tools/call', params: { name: 'session_info', arguments: {} } }),
  };
}
