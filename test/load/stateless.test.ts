import { expect } from 'chai';
import { sharedFaultServer, startFaultServer } from '../support/fault-server.js';
import { mcpUrl, sharedGateway } from '../support/gateway.js';
import { echoMix, load, mixFile, operation } from '../support/load-command.js';
import { fixtureModule } from '../support/modules.js';

/** 200 calls of 10 clients; the server spoils every 50th. */
const CALLS = '--era stateless --rate 200 --duration 1s --sessions 10';
const SPOILT = 4;

describe('bulkhead load in the stateless era', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('tools-static'), affinity: 'request' });
  const server = sharedFaultServer();

  it('discovers the server, lists its tools and calls them, without a session', async () => {
    const { code, missed, report } = await load(server().url, CALLS, '--expect', 'errors==0');
    expect(report.plan).to.include({ era: 'stateless', protocolVersion: '2026-07-28' });
    expect(report).to.deep.include({ errors: {}, contaminated: 0, lost: 0 });
    // A busy machine sends the last ones after the end.
    expect(report.answered).to.be.within(190, 200);
    expect(operation(report, 'server/discover').answered).to.equal(10);
    expect(operation(report, 'tools/list').answered).to.equal(10);
    expect(report.operations.map(({ method }) => method)).not.to.include.members(['initialize', 'DELETE']);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it("agrees with the server's count of calls, and has no sessions to count", async () => {
    const { code, missed, report } = await load(server().url, CALLS, '--metrics', server().metricsUrl);
    expect(report.metrics?.checks).to.deep.equal([
      { what: 'tools/call operations', client: 200, server: 200, agrees: true },
    ]);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it('finds that Bulkhead answers each request with what is its own, and counts it', async () => {
    const metricsUrl = new URL('/metrics', gateway().adminUrl).href;
    const flags = ['--mix', mixFile(echoMix), '--metrics', metricsUrl, '--expect', 'errors==0'];
    const { code, missed, report } = await load(
      mcpUrl(gateway()),
      '--era stateless --concurrency 4 --duration 1s --sessions 8 --listen --churn 4',
      ...flags,
    );
    expect(report.metrics?.checks.map(({ agrees }) => agrees)).to.deep.equal([true]);
    expect(report.sessions.streamsClosed).to.equal(0);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it('lets clients come, go, vanish and listen', async () => {
    const mix = mixFile([{ tool: 'sleep', arguments: { ms: 100 }, weight: 1 }]);
    const flags = '--era stateless --rate 50 --duration 2s --sessions 20 --idle 5 --churn 5 --drop 5 --mix';
    const { code, missed, report } = await load(server().url, flags, mix, '--expect', 'errors==0');
    expect(report.sessions.dropped).to.be.at.least(1);
    expect(report.sessions.ended).to.be.at.least(20);
    expect(report.sessions).to.include({ failed: 0, forgotten: 0, streamsClosed: 0 });
    expect(operation(report, 'subscriptions/listen').answered).to.be.at.least(5);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it('spreads its clients over worker threads', async () => {
    const { code, missed, report } = await load(
      server().url,
      '--era stateless --concurrency 6 --duration 1s --sessions 10 --workers 3',
      ...['--mix', mixFile(echoMix), '--expect', 'errors==0'],
    );
    expect(report.client.workers).to.equal(3);
    expect(report.contaminated).to.equal(0);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  for (const answers of ['json', 'event-stream'] as const) {
    for (const fault of ['mix-up-text', 'mix-up-id'] as const) {
      it(`sees the answer to another request, even of the same client (${fault} as ${answers})`, async () => {
        const spoiling = await startFaultServer(fault, { answers });
        const { code, report } = await load(spoiling.url, CALLS.replace('--sessions 10', '--sessions 1'));
        expect(report).to.include({ contaminated: SPOILT, answered: 200 - SPOILT, passed: false });
        expect(code).to.equal(1);
      });
    }
  }

  it('sees answers that come twice', async () => {
    const spoiling = await startFaultServer('duplicate', { answers: 'event-stream' });
    const { code, report } = await load(spoiling.url, CALLS);
    expect(report).to.deep.include({ errors: { duplicate: SPOILT }, answered: 200 });
    expect(code).to.equal(1);
  });

  it('sees the answer that is missing when its response ends, and the one that never comes', async () => {
    const flags = '--era stateless --rate 550 --duration 2s --timeout 4s';
    const ending = await load((await startFaultServer('lose-ended')).url, flags);
    expect(ending.report).to.deep.include({ errors: { 'no answer': 1 }, lost: 1, answered: 1_099 });
    const hanging = await load((await startFaultServer('lose-hung')).url, flags);
    expect(hanging.report).to.deep.include({ errors: { timeout: 1 }, lost: 1, answered: 1_099 });
  });
});
