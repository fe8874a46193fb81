import { expect } from 'chai';
import { StreamDelivery } from '../../../src/delivery/stream-delivery.js';
import type { WorkerSource } from '../../../src/isolation/worker-source.js';
import { KnownHeaderParams } from '../../../src/servers/known-header-params.js';
import { AllSessions } from '../../../src/session/all-sessions.js';
import { SessionManager, type SessionManagerOptions } from '../../../src/session/session-manager.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { contextOf } from '../metrics/fake-gateway.js';

const OPTIONS: SessionManagerOptions = {
  server: 'env',
  affinity: 'session' as const,
  reuse: true,
  handleTools: undefined,
  cleanupIntervalMs: 60_000,
  maxRequestsPerSession: 64,
  progressHeartbeatMs: 20_000,
  sleepAfterMs: 30_000,
  startTimeoutMs: 30_000,
  disconnectGraceMs: 30_000,
  resumeGraceMs: 5_000,
  sessionIdleMs: 60_000,
  sessionMaxAgeMs: undefined,
};

describe('a visit of all sessions', () => {
  it('comes to each once, while some end and others are opened', async () => {
    const events = new GatewayEmitter();
    const all = new AllSessions({ maxSessions: 10 }, events);
    const headerParams = new KnownHeaderParams('fixture', 'request', events);
    const sessions = new SessionManager(OPTIONS, events, all, {} as WorkerSource, undefined, headerParams);
    const streams = new StreamDelivery({ sseAfterMs: 1_000 }, events);
    const open = () => sessions.open(contextOf(), streams);
    const [first, second, third] = [open(), open(), open()];
    const visit = all.each();
    const visited = [visit.next().value];
    const ends = [first.end('delete'), second.end('delete')];
    open();
    for (const session of visit) visited.push(session);
    expect(new Set(visited).size).to.equal(visited.length);
    expect(visited).to.include.members([first, third]);
    expect(visited.length).to.be.at.most(3);
    await Promise.all(ends);
    await all.drain(0);
    expect([...all.each()]).to.deep.equal([]);
  });
});
