/** Quotas of principals, with real sessions over workers in the test's process. */
import { expect } from 'chai';
import type { Asked } from '../../../src/auth/gate.js';
import { ANONYMOUS, type Principal } from '../../../src/auth/principal.js';
import { type QuotaOptions, Quotas, quotasOf } from '../../../src/quotas/quotas.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { collect } from '../../support/events.js';
import { settle } from '../../support/fake-clock.js';
import { Connection, call, initialize, SECOND, world } from '../../support/fake-sessions.js';
import { contextOf } from '../metrics/fake-gateway.js';

const NONE: QuotaOptions = {
  quotaSessions: undefined,
  quotaCompartments: undefined,
  quotaRequests: undefined,
  quotaRate: undefined,
  quotaBytes: undefined,
  quotaProcessorMs: undefined,
  toolBreaker: undefined,
};
const ADA: Principal = { ...ANONYMOUS, key: 'https://a.example ada' };
const BOB: Principal = { ...ANONYMOUS, key: 'https://a.example bob' };

function asked({
  principal = ADA,
  address = '10.0.0.1',
  ...more
}: Partial<Asked> & {
  principal?: Principal;
  address?: string;
} = {}): Asked {
  const endpoint = { audiences: [], challenge: () => '' };
  const body = more.body ?? '{}';
  return {
    visitor: { principal, address, endpoint },
    server: 'env',
    era: 'session',
    sessionId: 'session-1',
    method: 'tools/call',
    tool: 'echo',
    chars: body.length,
    body,
    ...more,
  };
}

function given(options: Partial<QuotaOptions>) {
  const events = new GatewayEmitter();
  const quotas = new Quotas({ ...NONE, ...options }, events);
  const lives = world({ maxThreads: 16, maxSessions: 100, use: quotas });
  const refusals = collect(events, 'quota-refused');
  const closed = collect(events, 'tool-closed');
  const openAs = (principal: Principal) =>
    lives.sessions.open(contextOf({ principal: principal.key }), lives.streams);
  return { quotas, refusals, closed, openAs, ...lives };
}

describe('Quotas', () => {
  it('do not exist unless one is set', () => {
    expect(quotasOf(NONE, new GatewayEmitter())).to.equal(undefined);
    expect(quotasOf({ ...NONE, toolBreaker: 1 }, new GatewayEmitter())).to.be.instanceOf(Quotas);
  });

  describe('of requests a second', () => {
    it('take a burst, then as many as come back', async () => {
      const { quotas, clock } = given({ quotaRate: 2 });
      const admittedOf = (count: number): number =>
        Array.from({ length: count }, () => quotas.admit(asked())).filter((refusal) => refusal === undefined)
          .length;
      expect(admittedOf(100)).to.equal(30);
      await clock.advance(3 * SECOND);
      expect(admittedOf(100)).to.equal(6);
    });

    it('say what was exceeded and when to call again: over 200, or 503 for a new session', async () => {
      const { quotas } = given({ quotaRate: 0.1 });
      for (let request = 0; request < 30; request += 1) quotas.admit(asked());
      const refusal = quotas.admit(asked());
      expect(refusal).to.deep.include({ status: 200, reason: 'quota_exceeded' });
      expect(refusal?.message).to.match(/quota-rate.* Call again in 10 s\./);
      expect(refusal?.headers).to.deep.equal({ 'retry-after': '10' });
      expect(refusal?.data).to.deep.equal({ quota: 'rate', retryAfterSeconds: 10 });
      const opening = quotas.admit(asked({ method: 'initialize', sessionId: undefined }));
      expect(opening?.status).to.equal(503);
      const stateless = quotas.admit(asked({ era: 'stateless', sessionId: undefined }));
      expect(stateless).to.deep.include({ status: 200, code: -31_000 });
    });

    it('are those of one principal, or of one address', () => {
      const { quotas } = given({ quotaRate: 0.1 });
      for (let request = 0; request < 30; request += 1) {
        quotas.admit(asked());
        quotas.admit(asked({ principal: ANONYMOUS, address: '10.0.0.7' }));
      }
      expect(quotas.admit(asked({ address: '10.9.9.9' }))?.status).to.equal(200);
      expect(quotas.admit(asked({ principal: ANONYMOUS, address: '::ffff:10.0.0.7' }))?.status).to.equal(200);
      expect(quotas.admit(asked({ principal: BOB }))).to.equal(undefined);
      expect(quotas.admit(asked({ principal: ANONYMOUS, address: '10.0.0.8' }))).to.equal(undefined);
    });

    it('refuse pings, discoveries and what asks nothing only if they are a flood', () => {
      const { quotas } = given({ quotaRate: 0.1 });
      const tell = () => quotas.accept({ visitor: asked().visitor, bodies: ['{}'] });
      for (let request = 0; request < 30; request += 1) quotas.admit(asked());
      expect(quotas.admit(asked({ method: 'ping' }))).to.equal(undefined);
      expect(quotas.admit(asked({ method: 'server/discover', era: 'stateless' }))).to.equal(undefined);
      const told = Array.from({ length: 60 }, tell);
      expect(told.filter((refusal) => refusal === undefined)).to.have.length(28);
      expect(told.at(-1)).to.deep.include({ status: 429, reason: 'quota_exceeded' });
    });

    it('report one refusal a minute for each principal and quota, and how many it stands for', async () => {
      const { quotas, refusals, clock } = given({ quotaRate: 0.01 });
      for (let request = 0; request < 40; request += 1) quotas.admit(asked());
      for (let request = 0; request < 31; request += 1) quotas.admit(asked({ principal: BOB }));
      await clock.advance(61 * SECOND);
      quotas.admit(asked());
      const reported = refusals.filter(({ unreported }) => unreported !== undefined);
      expect(refusals).to.have.length(12);
      expect(reported.map(({ principal, unreported }) => [principal, unreported])).to.deep.equal([
        [ADA.key, 0],
        [BOB.key, 0],
        [ADA.key, 9],
      ]);
    });
  });

  it('of bytes are used up by the bytes of messages; a large one is paid for afterwards', async () => {
    const { quotas, clock } = given({ quotaBytes: 100 });
    expect(quotas.admit(asked({ body: 'é'.repeat(1_000) }))).to.equal(undefined);
    expect(quotas.admit(asked({ body: '' }))?.message).to.match(/quota-bytes.* in 11 s/);
    await clock.advance(11 * SECOND);
    expect(quotas.admit(asked({ body: '' }))).to.equal(undefined);
  });

  describe('of processor time', () => {
    it('are used up by what workers use while a session has them, and come back within a minute', async () => {
      const { quotas, openAs, ask, starter, clock } = given({ quotaProcessorMs: 500 });
      const session = openAs(ADA);
      ask(session, 1);
      await clock.advance(0);
      const worker = starter.started.at(-1)!;
      worker.processorMs = 400;
      await clock.advance(SECOND);
      expect(quotas.admit(asked())).to.equal(undefined);
      worker.processorMs = 60_000;
      await clock.advance(SECOND);
      expect(quotas.admit(asked())?.data).to.deep.include({ quota: 'processor' });
      expect(quotas.admit(asked({ method: 'ping' }))).to.equal(undefined);
      expect(quotas.admit(asked({ principal: BOB }))).to.equal(undefined);
      // What was far too much is forgiven.
      await clock.advance(61 * SECOND);
      expect(quotas.admit(asked())).to.equal(undefined);
    });

    it('count what a worker used before its end, and nothing from before it was claimed', async () => {
      const { quotas, openAs, ask, starter, clock } = given({ quotaProcessorMs: 500 });
      const session = openAs(ADA);
      ask(session, 1);
      await clock.advance(0);
      const worker = starter.started.at(-1)!;
      worker.processorMs = 2_000;
      worker.dies({ cause: 'crash', message: 'crashed' });
      await settle();
      expect(quotas.admit(asked())?.data).to.deep.include({ quota: 'processor' });
    });
  });

  it('of sessions end the one that has been without its client for longest, or refuse', async () => {
    const { quotas, openAs, all, reasons, clock } = given({ quotaSessions: 2 });
    const [first] = [openAs(ADA), openAs(ADA)];
    first.initialize(initialize(), first.context, new Connection());
    const rejection = all.rejectionOf(first.context);
    expect(rejection).to.deep.include({ reason: 'quota_exceeded', data: { quota: 'sessions' } });
    expect(all.rejectionOf(contextOf({ principal: BOB.key }))).to.equal(undefined);
    quotas.makeRoom(first.context);
    expect(reasons()).to.deep.equal([]);
    await clock.advance(5 * SECOND);
    void first.end('delete');
    await settle();
    expect(all.rejectionOf(first.context)).to.equal(undefined);
  });

  it('of sessions never end one of somebody else', async () => {
    const { openAs, opened, all, clock, reasons } = given({ quotaSessions: 1 });
    await opened();
    await clock.advance(5 * SECOND);
    openAs(ADA);
    expect(all.rejectionOf(contextOf({ principal: ADA.key }))?.reason).to.equal('quota_exceeded');
    expect(reasons()).to.deep.equal([]);
  });

  it('of requests in flight are over all sessions of a principal', async () => {
    const { openAs, ask, starter, clock } = given({ quotaRequests: 2 });
    const [first, second] = [openAs(ADA), openAs(ADA)];
    ask(first, 1);
    ask(second, 1);
    await clock.advance(0);
    const refused = ask(second, 2);
    expect(JSON.parse(refused.bodies[0]!).error.data).to.deep.equal({
      quota: 'requests',
      reason: 'quota_exceeded',
    });
    expect(ask(openAs(BOB), 1).bodies).to.deep.equal([]);
    starter.started[0]!.answers(1);
    expect(ask(second, 3).bodies).to.deep.equal([]);
  });

  describe('of threads and processes', () => {
    it('refuse a request that needs one more, and take it again once one is free', async () => {
      const { openAs, ask, starter, clock } = given({ quotaCompartments: 1 });
      const [first, second] = [openAs(ADA), openAs(ADA)];
      ask(first, 1);
      await clock.advance(0);
      const refused = ask(second, 1);
      await clock.advance(0);
      expect(JSON.parse(refused.bodies[0]!).error).to.deep.include({ code: -32_000 });
      expect(refused.bodies[0]).to.include('quota-compartments').and.include('quota_exceeded');
      const other = ask(openAs(BOB), 1);
      await clock.advance(0);
      expect([other.bodies, starter.started.length]).to.deep.equal([[], 2]);
      await first.end('delete');
      await clock.advance(0);
      const again = ask(second, 2);
      await clock.advance(0);
      starter.started.at(-1)!.answers(2);
      expect(again.bodies[0]).to.include('result');
    });

    it('take that of an idle session of the same principal', async () => {
      const { openAs, ask, starter, clock } = given({ quotaCompartments: 1 });
      const [first, second] = [openAs(ADA), openAs(ADA)];
      for (const session of [first, second]) {
        session.initialize(initialize(), session.context, new Connection());
        await clock.advance(0);
        starter.started.at(-1)!.answers(0, { protocolVersion: '2025-11-25', capabilities: {} });
        await clock.advance(SECOND);
      }
      ask(first, 1);
      await clock.advance(SECOND);
      expect([first.state, second.state]).to.deep.equal(['awake', 'asleep']);
    });

    it('answer initialize as where there is no thread, so that its client tries again', async () => {
      const { openAs, ask, clock, reasons } = given({ quotaCompartments: 1 });
      ask(openAs(ADA), 1);
      await clock.advance(0);
      const connection = new Connection();
      const session = openAs(ADA);
      session.initialize(initialize(), session.context, connection);
      await clock.advance(0);
      expect(connection.failure).to.deep.include({ outcome: 'no_capacity', overQuota: true });
      expect(reasons()).to.deep.equal(['quota_exceeded']);
    });
  });

  describe('of deaths by one tool', () => {
    it('close it, for its principal alone, until a minute is over', async () => {
      const { quotas, openAs, ask, starter, clock, closed } = given({ toolBreaker: 1 });
      for (let death = 0; death < 2; death += 1) {
        ask(openAs(ADA), 1);
        await clock.advance(0);
        starter.started.at(-1)!.dies({ cause: 'crash', message: 'crashed' });
        await clock.advance(SECOND);
      }
      expect(closed).to.deep.equal([
        { server: 'env', tool: 'echo', principal: ADA.key, remoteAddress: '127.0.0.1' },
      ]);
      const refusal = quotas.admit(asked());
      expect(refusal).to.deep.include({ status: 200, reason: 'tool_closed' });
      expect(refusal?.message).to.match(/"echo" is closed for you for another \d+ s/);
      expect(quotas.admit(asked({ tool: 'other' }))).to.equal(undefined);
      expect(quotas.admit(asked({ principal: BOB }))).to.equal(undefined);
      await clock.advance(60 * SECOND);
      expect(quotas.admit(asked())).to.equal(undefined);
    });

    it('blame what did not stop when it was cancelled, and not what ran beside it', async () => {
      const { quotas, openAs, starter, clock } = given({ toolBreaker: 1 });
      for (let death = 0; death < 2; death += 1) {
        const session = openAs(ADA);
        session.request([call(1, 'stubborn')], false, new Connection());
        session.request([call(2, 'innocent')], false, new Connection());
        await clock.advance(0);
        const worker = starter.started.at(-1)!;
        worker.heeds = false;
        worker.spins = true;
        worker.cancel(1, 'not needed any more');
        await clock.advance(3 * SECOND);
      }
      expect(quotas.admit(asked({ tool: 'stubborn' }))?.reason).to.equal('tool_closed');
      expect(quotas.admit(asked({ tool: 'innocent' }))).to.equal(undefined);
    });
  });
});
