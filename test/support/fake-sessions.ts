/**
 * Real sessions, with their real pool and streams, over workers in the test's process and a clock that stands still.
 */
import type { StartFailure } from '../../src/delivery/start-failure.js';
import type { ConnectionOwner, StreamConnection } from '../../src/delivery/stream-connection.js';
import { StreamDelivery } from '../../src/delivery/stream-delivery.js';
import { WorkerPool } from '../../src/isolation/pool.js';
import { WorkerBudget } from '../../src/isolation/worker-budget.js';
import type { ClientRequest } from '../../src/protocol/client-message.js';
import { KnownHeaderParams } from '../../src/servers/known-header-params.js';
import { AllSessions } from '../../src/session/all-sessions.js';
import type { Session } from '../../src/session/session.js';
import { SessionManager } from '../../src/session/session-manager.js';
import type { SessionUse } from '../../src/session/session-use.js';
import { StopDeadline } from '../../src/shared/stop-deadline.js';
import { GatewayEmitter } from '../../src/telemetry/events.js';
import { contextOf } from '../unit/metrics/fake-gateway.js';
import { afterThisTest } from './cleanup.js';
import { collect } from './events.js';
import { FakeClock, settle } from './fake-clock.js';
import { FakeStarter, type FakeWorker } from './fake-worker.js';

export const SECOND = 1_000;
export const CANCEL_GRACE_MS = 2 * SECOND;
export const SSE_AFTER_MS = 1_000;
export const OPTIONS = {
  server: 'env',
  maxSessions: 10,
  affinity: 'session' as const,
  reuse: true,
  handleTools: undefined,
  cleanupIntervalMs: SECOND,
  maxRequestsPerSession: 64,
  progressHeartbeatMs: 20 * SECOND,
  sleepAfterMs: 30 * SECOND,
  startTimeoutMs: 30 * SECOND,
  disconnectGraceMs: 20 * SECOND,
  resumeGraceMs: 5 * SECOND,
  sessionIdleMs: 600 * SECOND,
  sessionMaxAgeMs: undefined as number | undefined,
};

/** A client's connection. `bodies` has what it was sent, `failure` why its session did not start. */
export class Connection implements StreamConnection {
  readonly bodies: string[] = [];
  failure: StartFailure | undefined;
  owner: ConnectionOwner | undefined;
  /** The last event id that it was sent, as its client would give it back. */
  lastEventId = '';
  answer(body: string): boolean {
    this.bodies.push(body);
    return true;
  }
  fail(failure: StartFailure): void {
    this.failure = failure;
  }
  nothing(): void {}
  opened = false;
  open(primingId: string | undefined): void {
    this.opened = true;
    this.lastEventId = primingId ?? this.lastEventId;
  }
  write(id: string | undefined, body: string): boolean {
    this.lastEventId = id ?? this.lastEventId;
    this.bodies.push(body);
    return true;
  }
  end(): boolean {
    return true;
  }
  /** Its client is gone. */
  closes(): void {
    this.owner?.onClose(this);
  }
}

export function call(id: number, tool = 'echo'): ClientRequest {
  const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: tool } });
  const rest = {
    replyId: id,
    fastPath: false,
    stateless: false,
    progressToken: undefined,
    params: undefined,
  };
  return { kind: 'request', id, method: 'tools/call', tool, body, ...rest };
}

export function initialize(): ClientRequest {
  const { body: _body, ...rest } = call(0);
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'client', version: '1' },
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  return { ...rest, method: 'initialize', tool: undefined, params, body };
}

/** Its threads, and who counts what its sessions take. */
interface Surroundings {
  readonly maxThreads: number;
  readonly spareThreads: number;
  readonly use: SessionUse;
}

export function world(given: Partial<typeof OPTIONS & Surroundings> = {}) {
  const clock = new FakeClock().install();
  const events = new GatewayEmitter();
  const starter = new FakeStarter(CANCEL_GRACE_MS);
  const { maxThreads = 4, spareThreads = 0, use } = given;
  const pool = new WorkerPool({ spareThreads }, new WorkerBudget(maxThreads), starter, events);
  const all = new AllSessions({ ...OPTIONS, ...given }, events, use);
  const headerParams = new KnownHeaderParams(OPTIONS.server, 'request', events);
  const options = { ...OPTIONS, ...given };
  const sessions = new SessionManager(options, events, all, pool, undefined, headerParams);
  const streams = new StreamDelivery({ sseAfterMs: SSE_AFTER_MS }, events);
  afterThisTest(async () => {
    try {
      await all.drain(0);
      await pool.close(new StopDeadline(SECOND));
    } finally {
      clock.restore();
    }
  });
  const open = (): Session => sessions.open(contextOf(), streams);
  const ask = (session: Session, id: number): Connection => {
    const connection = new Connection();
    session.request([call(id)], false, connection);
    return connection;
  };
  const ends = collect(events, 'session-ended');
  /** A session whose worker has answered `initialize`. */
  const opened = async (): Promise<{ session: Session; worker: FakeWorker }> => {
    const session = open();
    session.initialize(initialize(), session.context, new Connection());
    await settle();
    const worker = starter.started.at(-1)!;
    worker.answers(0, { protocolVersion: session.context.protocolVersion, capabilities: {} });
    return { session, worker };
  };
  /** The same, and a call. */
  const awake = async (): Promise<{ session: Session; worker: FakeWorker }> => {
    const { session, worker } = await opened();
    ask(session, 1);
    worker.answers(1);
    return { session, worker };
  };
  const reasons = () => ends.map(({ reason }) => reason);
  return {
    clock,
    events,
    starter,
    pool,
    all,
    sessions,
    streams,
    headerParams,
    open,
    ask,
    opened,
    awake,
    reasons,
  };
}
