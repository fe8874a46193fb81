import { expect } from 'chai';
import { multiClientMetrics } from '../../../src/telemetry/metrics/multi-client-metrics.js';
import { contextOf, FakeView, sessionOf } from './fake-gateway.js';

const request = (key: string, ageMs: number) => {
  return { key, method: 'tools/call', tool: 'wait', ageMs };
};

describe('multi-client metrics', () => {
  it('count sessions by state, transport and client', () => {
    const view = new FakeView();
    const curl = contextOf({ sessionId: 's3', transport: 'sse', client: { name: 'curl', version: '8' } });
    view.list = [
      sessionOf({ context: contextOf({ sessionId: 's1' }) }),
      sessionOf({ context: contextOf({ sessionId: 's2' }), state: 'ending' }),
      sessionOf({ context: curl }),
    ];
    expect(multiClientMetrics(view).sessions).to.deep.equal({
      active: 3,
      byState: { asleep: 0, waking: 0, awake: 2, falling_asleep: 0, ending: 1 },
      byTransport: { 'streamable-http': 2, sse: 1, stdio: 0 },
      byClient: { 'claude-code': 2, curl: 1 },
    });
  });

  it('count requests and name the one that runs longest', () => {
    const view = new FakeView();
    view.list = [
      sessionOf({ requests: [request('a', 5), request('b', 50)], requestsTotal: 10 }),
      sessionOf({ context: contextOf({ sessionId: 's2' }), requests: [request('c', 20)], requestsTotal: 1 }),
    ];
    expect(multiClientMetrics(view).requests).to.deep.equal({
      inFlight: 3,
      total: 11,
      longestRunning: { sessionId: 'session-1', key: 'b', method: 'tools/call', tool: 'wait', ageMs: 50 },
    });
  });

  it('list each session with what it uses', () => {
    const view = new FakeView();
    const thread = {
      thread: 4,
      state: 'claimed' as const,
      ageMs: 1,
      memoryBytes: 99,
      heapBytes: 9,
      eventLoopUtilization: 0,
      childProcesses: 0,
      cancelledHandlers: 0,
    };
    view.list = [sessionOf({ thread, requests: [request('a', 5)] })];
    const { perSession, threads } = multiClientMetrics(view);
    expect(perSession).to.have.length(1);
    expect(perSession[0]).to.include({
      sessionId: 'session-1',
      requestsInFlight: 1,
      requestsTotal: 3,
      thread: 4,
    });
    expect(perSession[0]?.threadMemoryBytes).to.equal(99);
    expect(threads.active).to.equal(7);
  });

  it('take any name that a client gives itself', () => {
    const view = new FakeView();
    view.list = [sessionOf({ context: contextOf({ client: { name: '__proto__', version: '1' } }) })];
    expect(Object.entries(multiClientMetrics(view).sessions.byClient)).to.deep.equal([['__proto__', 1]]);
  });
});
