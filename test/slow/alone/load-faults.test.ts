import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { someCalls, startFaultServer } from '../../support/fault-server.js';
import { load } from '../../support/load-command.js';

/** 200 calls in 10 sessions; the server spoils every 50th. */
const CALLS = '--rate 200 --duration 1s --sessions 10';
const SPOILT = 4;

describe('bulkhead load, against a server that misbehaves', () => {
  for (const answers of ['json', 'event-stream'] as const) {
    it(`passes a sound server that answers with ${answers}`, async () => {
      const server = await startFaultServer('none', { answers });
      const { code, missed, report } = await load(server.url, CALLS, '--expect', 'errors==0');
      expect(report).to.deep.include({ passed: true, answered: 200, errors: {}, contaminated: 0, lost: 0 });
      expect(report.answerKinds).to.deep.equal(
        answers === 'json' ? { json: 200, eventStream: 0 } : { json: 0, eventStream: 200 },
      );
      expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
    });

    it(`sees texts of other sessions in answers as ${answers}`, async () => {
      const server = await startFaultServer('mix-up-text', { answers });
      const { code, report } = await load(server.url, CALLS);
      expect(report).to.include({ contaminated: SPOILT, answered: 200 - SPOILT, lost: 0, passed: false });
      expect(code).to.equal(1);
    });

    it(`sees whole answers of other sessions, and that its own are missing, as ${answers}`, async () => {
      const server = await startFaultServer('mix-up-id', { answers });
      const { code, report } = await load(server.url, CALLS);
      expect(report).to.include({ contaminated: SPOILT, lost: SPOILT, answered: 200 - SPOILT });
      expect(code).to.equal(1);
    });

    it(`sees the one answer in a thousand that is missing when its response ends, as ${answers}`, async () => {
      const server = await startFaultServer('lose-ended', { answers });
      const { code, report } = await load(server.url, '--rate 1100 --duration 1s');
      expect(report).to.include({ lost: 1, answered: 1_099 });
      expect(report.errors).to.include({ 'no answer': 1 });
      expect(code).to.equal(1);
    });
  }

  it('sees the one answer in a thousand that never comes', async () => {
    const server = await startFaultServer('lose-hung');
    const { code, report } = await load(server.url, '--rate 1100 --duration 1s --timeout 1500ms');
    expect(report).to.deep.include({ errors: { timeout: 1 }, lost: 1, answered: 1_099 });
    expect(code).to.equal(1);
  });

  it('sees sessions that the server forgets, and opens others for them', async () => {
    const server = await startFaultServer('forget');
    const { code, report } = await load(server.url, '--rate 140 --duration 2s');
    expect(report.sessions.forgotten).to.be.within(1, 2);
    expect(report.sessions.reopened).to.be.within(1, report.sessions.forgotten);
    expect(report.errors.forgotten).to.be.at.least(report.sessions.forgotten);
    expect(code).to.equal(1);
  });

  it('sees answers that come twice', async () => {
    const server = await startFaultServer('duplicate', { answers: 'event-stream' });
    const { code, report } = await load(server.url, CALLS);
    expect(report).to.deep.include({ errors: { duplicate: SPOILT }, answered: 200, contaminated: 0 });
    expect(code).to.equal(1);
  });

  it('sees memory that each session takes', async function () {
    if (!existsSync('/proc/self')) this.skip();
    const expectation = ['--expect', 'memory-per-session<200KiB'];
    const flags = '--idle 100 --rate 20 --duration 500ms --pid';
    const sound = await startFaultServer('none');
    expect(await load(sound.url, `${flags} ${sound.pid}`, ...expectation)).to.include({ code: 0 });
    const leaking = await startFaultServer('leak');
    const { code, report } = await load(leaking.url, `${flags} ${leaking.pid}`, ...expectation);
    expect(report.process?.bytesPerSession).to.be.at.least(256 * 1024);
    expect(report.process?.samples.at(-1)?.descriptors).to.be.at.least(110);
    expect(code).to.equal(1);
  });

  it("sees that the server's metrics are wrong", async () => {
    const server = await startFaultServer('miscount');
    const { code, report } = await load(server.url, CALLS, '--metrics', server.metricsUrl);
    const calls = report.metrics?.checks.find(({ what }) => what === 'tools/call operations');
    expect(calls).to.deep.include({ client: 200, server: 180, agrees: false });
    expect(report.expectations.find(({ text }) => text === 'mismatches==0')?.met).to.equal(false);
    expect(code).to.equal(1);
  });

  it("agrees with a sound server's metrics", async () => {
    const server = await startFaultServer('none');
    const { code, missed, report } = await load(server.url, CALLS, '--metrics', server.metricsUrl);
    expect(report.metrics?.checks).to.have.lengthOf.at.least(2);
    expect(report.metrics?.checks.filter(({ agrees }) => !agrees)).to.deep.equal([]);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  describe('that stands still for 2 s', () => {
    it('counts the wait of every call that was due, in an open loop', async () => {
      const server = await startFaultServer('stall');
      const { code, report } = await load(server.url, '--rate 50 --duration 4s', '--expect', 'p99<1s');
      expect(report).to.deep.include({ answered: 200, errors: {} });
      // 100 of the 200 calls are due while it stands still. They wait from 2 s down to nothing, 1 s on average.
      expect(report.latency.maxMs).to.be.at.least(1_900);
      expect(report.latency.p90Ms).to.be.at.least(1_400);
      expect(report.latency.meanMs).to.be.at.least(400);
      expect(report.longestGapMs).to.be.at.least(1_900);
      expect(code).to.equal(1);
    });

    it('shows it only in the calls in flight, in a closed loop', async () => {
      const server = await startFaultServer('stall');
      const { report } = await load(server.url, '--concurrency 2 --duration 3500ms');
      expect(report.latency.maxMs).to.be.at.least(1_900);
      expect(report.latency.p90Ms).to.be.below(report.latency.maxMs! / 2);
      expect(report.longestGapMs).to.be.at.least(1_900);
    });
  });

  describe('over HTTP+SSE', () => {
    it('passes a sound server', async () => {
      const server = await startFaultServer('none');
      const { code, missed, report } = await load(
        server.sseUrl,
        `${CALLS} --transport sse`,
        '--expect',
        'errors==0',
      );
      expect(report).to.deep.include({ passed: true, answered: 200, errors: {} });
      expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
    });

    it('sees texts of other sessions', async () => {
      const server = await startFaultServer('mix-up-text');
      const { code, report } = await load(server.sseUrl, `${CALLS} --transport sse`);
      expect(report).to.include({ contaminated: SPOILT, lost: 0 });
      expect(code).to.equal(1);
    });

    it('sees whole answers of other sessions, and that its own never come', async () => {
      const server = await startFaultServer('mix-up-id');
      const { code, report } = await load(server.sseUrl, `${CALLS} --transport sse --timeout 1s`);
      expect(report).to.include({ contaminated: SPOILT, lost: SPOILT });
      expect(code).to.equal(1);
    });

    it('sees answers that come twice', async () => {
      const server = await startFaultServer('duplicate');
      const { code, report } = await load(server.sseUrl, `${CALLS} --transport sse`);
      expect(report.errors).to.deep.equal({ duplicate: SPOILT });
      expect(code).to.equal(1);
    });

    it('sees sessions whose stream the server closes', async () => {
      const server = await startFaultServer('forget');
      const { code, report } = await load(server.sseUrl, '--rate 140 --duration 2s --transport sse');
      expect(report.sessions.forgotten).to.be.within(1, 2);
      expect(report.sessions.reopened).to.be.within(1, report.sessions.forgotten);
      expect(code).to.equal(1);
    });
  });

  it('reports what it saw of a server that dies in the middle', async () => {
    const server = await startFaultServer('none');
    const dying = load(server.url, '--rate 100 --duration 2s', '--expect', 'errors==0');
    await someCalls(server);
    await server.vanish();
    const { code, report } = await dying;
    expect(report.answered).to.be.at.least(20);
    expect(report.errors.connection).to.be.at.least(1);
    expect(Object.keys(report.errors).join()).to.match(/^(connection|no answer|not sent|,)+$/);
    expect(code).to.equal(1);
  });
});
