import { expect } from 'chai';
import { CallTemplate } from '../../load/client/call-template.js';
import { ClientSession } from '../../load/client/client-session.js';
import { newRunId, SessionTokens } from '../../load/client/session-token.js';
import { sharedFaultServer, startFaultServer } from '../support/fault-server.js';
import { mcpUrl, sharedGateway, sseUrl, startGateway } from '../support/gateway.js';
import { echoMix, load, mixFile, operation } from '../support/load-command.js';

describe('bulkhead load', () => {
  const gateway = sharedGateway({ maxThreads: 32 });
  const server = sharedFaultServer();
  const metricsUrl = (): string => new URL('/metrics', gateway().adminUrl).href;

  it('sends as many calls as the rate asks for, each in its turn', async () => {
    const { report } = await load(server().url, '--rate 120 --duration 1s --sessions 6');
    expect(report.answered).to.equal(120);
    expect(report.firstCall.count).to.equal(6);
    expect(report.sessionCreation.count).to.equal(6);
    expect(report.plan.arrivals).to.deep.equal({ loop: 'open', callsPerSecond: 120 });
    expect(report.seconds.reduce((sum, { answered }) => sum + answered, 0)).to.equal(120);
  });

  it('keeps as many calls in flight as --concurrency says', async () => {
    const mix = mixFile([{ tool: 'sleep', arguments: { ms: 100 }, weight: 1 }]);
    const { code, missed, report } = await load(server().url, '--concurrency 5 --duration 1s', '--mix', mix);
    const { meanMs, maxMs } = report.latency;
    expect(report.latency.p50Ms).to.be.at.least(99);
    // Little's law, however long one call takes: the time in which calls were in flight, divided by the second in which
    // they were sent.
    expect((report.answered * meanMs!) / 1_000).to.be.within(4, 5 * (1 + maxMs! / 1_000));
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it('mixes tools by their weights, and tells them apart in the report', async () => {
    const mix = mixFile([...echoMix, { tool: 'sleep', arguments: { ms: 200 }, weight: 3 }]);
    const { report } = await load(server().url, '--rate 200 --duration 1s', '--mix', mix);
    const [echo, sleep] = [operation(report, 'tools/call', 'echo'), operation(report, 'tools/call', 'sleep')];
    expect(echo.answered + sleep.answered).to.equal(200);
    expect(sleep.answered).to.be.within(110, 190);
    expect(sleep.latency.p50Ms).to.be.at.least(199);
    expect(echo.latency.p50Ms).to.be.below(sleep.latency.p50Ms!);
  });

  it('lets sessions end and opens others for them', async () => {
    const flags = '--rate 50 --duration 2s --sessions 30 --churn 10 --metrics';
    const { code, missed, report } = await load(
      server().url,
      flags,
      server().metricsUrl,
      '--expect',
      'errors==0',
    );
    const { created, ended, dropped, failed } = report.sessions;
    expect({ dropped, failed }).to.deep.equal({ dropped: 0, failed: 0 });
    // 20 of them replace others. A client that had no time to replace one does not do so later.
    expect(created).to.be.within(31, 60);
    expect(ended).to.equal(created);
    expect(operation(report, 'DELETE').answered).to.equal(created);
    expect(report.answered).to.equal(100);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it('lets clients vanish without counting what they had in flight as errors', async () => {
    const mix = mixFile([{ tool: 'sleep', arguments: { ms: 300 }, weight: 1 }]);
    const flags = ['--rate', '50', '--duration', '2s', '--sessions', '30', '--drop', '10', '--mix', mix];
    const { code, missed, report } = await load(server().url, '', ...flags, '--expect', 'errors==0');
    expect(report.sessions.dropped).to.be.within(1, 30);
    expect(report.sessions.created).to.be.within(20 + report.sessions.dropped, 30 + report.sessions.dropped);
    // Of 100. What was in flight counts neither as answered nor as an error.
    expect(report.answered).to.be.within(1, 99);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it('holds idle sessions beside those that call', async () => {
    const streaming = await startFaultServer('none', { answers: 'event-stream' });
    const { code, missed, report } = await load(
      streaming.url,
      '--rate 20 --duration 1s --sessions 4 --idle 30',
    );
    expect(report.sessions).to.include({ created: 34, ended: 34, streamsClosed: 0 });
    expect(Math.max(...report.seconds.map(({ sessions }) => sessions))).to.equal(34);
    expect(report.firstCall.count).to.equal(4);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it('spreads the load over worker threads', async () => {
    const flags = '--rate 200 --duration 1s --sessions 7 --workers 3 --metrics';
    const { code, missed, report } = await load(
      server().url,
      flags,
      server().metricsUrl,
      '--expect',
      'errors==0',
    );
    expect(report.client.workers).to.equal(3);
    expect(report.answered).to.equal(200);
    expect(report.firstCall.count).to.equal(7);
    expect(report.sessions).to.include({ created: 7, ended: 7 });
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it('reads as slowly as --read-rate says', async () => {
    const mix = mixFile([{ tool: 'echo', arguments: { text: 'x'.repeat(32 * 1024) }, weight: 1 }]);
    const flags = ['--concurrency', '2', '--duration', '1s', '--mix', mix];
    const { code, missed, report } = await load(server().url, '--read-rate 32KiB/s', ...flags);
    expect(report.latency.count).to.be.at.least(2);
    // A second's worth of bytes; a reader that ignores the rate has them in a few milliseconds.
    expect(report.latency.p50Ms).to.be.at.least(700);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it('counts what Bulkhead counts, while sessions end and vanish', async () => {
    const flags = '--rate 20 --duration 2s --sessions 8 --churn 5 --drop 3 --listen';
    const observed = ['--mix', mixFile(echoMix), '--metrics', metricsUrl()];
    const { code, missed, report } = await load(mcpUrl(gateway()), flags, ...observed);
    expect(report.metrics?.checks.map(({ what, agrees }) => ({ what, agrees }))).to.deep.equal([
      { what: 'tools/call operations', agrees: true },
      { what: 'sessions created', agrees: true },
    ]);
    expect(report.sessions.dropped).to.be.at.least(3);
    expect(report.sessions.ended).to.be.at.least(8);
    expect(report.contaminated).to.equal(0);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it('speaks the revision of --protocol-version', async () => {
    const flags = ['--rate', '40', '--duration', '500ms', '--sessions', '2', '--mix', mixFile(echoMix)];
    const { code, missed, report } = await load(
      mcpUrl(gateway()),
      '--protocol-version 2024-11-05',
      ...flags,
      ...['--expect', 'errors==0'],
    );
    expect(report.answered).to.equal(20);
    expect(await callsCounted('2024-11-05')).to.be.at.least(20);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  for (const protocolVersion of ['2025-11-25', '2025-06-18', '2025-03-26']) {
    it(`has sessions that speak ${protocolVersion} with Bulkhead`, async () => {
      const before = await callsCounted(protocolVersion);
      const failures: string[] = [];
      const session = new ClientSession(
        {
          plan: {
            headers: {},
            era: 'session',
            transport: 'streamable-http',
            protocolVersion,
            timeoutMs: 30_000,
            readBytesPerSecond: undefined,
          },
          url: mcpUrl(gateway()),
          tokens: new SessionTokens(newRunId()),
          version: '0',
        },
        1,
        {
          onAnswered: () => undefined,
          onFailure: (method, { message }) => failures.push(`${method}: ${message}`),
          onStreamClosed: () => failures.push('its stream closed'),
          onForgotten: () => failures.push('it was forgotten'),
        },
      );
      await session.open(true);
      for (let call = 0; call < 3; call += 1) await session.call(new CallTemplate(echoMix[0]!));
      await session.end();
      expect(failures).to.deep.equal([]);
      expect((await callsCounted(protocolVersion)) - before).to.equal(3);
    });
  }

  it('speaks HTTP+SSE with Bulkhead, also where clients come, go and vanish', async () => {
    const flags = '--transport sse --rate 20 --duration 2s --sessions 8 --churn 4 --drop 4';
    const observed = ['--mix', mixFile(echoMix), '--metrics', metricsUrl()];
    const { code, missed, report } = await load(sseUrl(gateway()), flags, ...observed);
    expect(report.answered).to.be.within(1, 40);
    expect(report.answerKinds.json).to.equal(0);
    expect(report.metrics?.checks.filter(({ agrees }) => !agrees)).to.deep.equal([]);
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  it('sends headers, whose values no report has', async () => {
    const guarded = await startGateway({ token: 'open-sesame' });
    const header = ['--header', 'Authorization: Bearer open-sesame'];
    const flags = ['--rate', '20', '--duration', '500ms', '--sessions', '2', '--mix', mixFile(echoMix)];
    const { code, missed, report, stdout } = await load(mcpUrl(guarded), '', ...header, ...flags);
    expect(report.answered).to.equal(10);
    expect(report.commandLine).to.include("--header 'Authorization: ***'");
    expect(stdout + JSON.stringify(report)).not.to.include('open-sesame');
    expect({ code, missed }).to.deep.equal({ code: 0, missed: [] });
  });

  /** Calls of `echo` in the revision. */
  async function callsCounted(version: string): Promise<number> {
    const metrics = await (await fetch(metricsUrl(), { headers: { connection: 'close' } })).text();
    const labels = `gen_ai_tool_name="echo".*mcp_protocol_version="${version}"`;
    const counts = [
      ...metrics.matchAll(new RegExp(`_operation_duration_seconds_count\\{.*${labels}.*\\} (\\d+)`, 'g')),
    ];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }
});
