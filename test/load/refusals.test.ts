import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { runCliHere } from '../support/cli-in-process.js';
import { runCli } from '../support/cli-process.js';
import { counted, someCalls, startFaultServer } from '../support/fault-server.js';
import { mcpUrl, startGateway } from '../support/gateway.js';
import { echoMix, mixFile, startLoad } from '../support/load-command.js';
import { temporaryFolder } from '../support/load-files.js';

/** Nothing listens on the port for discarded bytes. */
const NOWHERE = 'http://127.0.0.1:9/mcp';

/** One sentence on stderr, and nothing else. */
function expectSentence(exit: { stdout: string; stderr: string }, sentence: RegExp): void {
  expect(exit.stdout).to.equal('');
  expect(exit.stderr).to.match(/^bulkhead: [^\n]*\n$/);
  expect(exit.stderr.slice('bulkhead: '.length, -1)).to.match(sentence);
}

describe('bulkhead load refuses with exit code 2', () => {
  const cases: [name: string, args: () => string[], sentence: RegExp][] = [
    ['no address', () => [], /^missing required argument 'url'$/],
    ['an address that is none', () => ['localhost:3000'], /^<url> is "localhost:3000", but must be/],
    ['an unknown flag', () => [NOWHERE, '--sesions', '5'], /^unknown option '--sesions' \(Did you mean/],
    ['no sessions', () => [NOWHERE, '--sessions', '0'], /^--sessions is "0", but must be/],
    ['a rate that is none', () => [NOWHERE, '--rate', 'fast'], /^--rate is "fast", but must be/],
    ['both kinds of loop', () => [NOWHERE, '--rate', '5', '--concurrency', '5'], /--rate and --concurrency/],
    ['a duration that is none', () => [NOWHERE, '--duration', 'long'], /^--duration is "long", but must be/],
    ['a transport that is none', () => [NOWHERE, '--transport', 'stdio'], /^--transport is "stdio"/],
    ['a version that is none', () => [NOWHERE, '--protocol-version', '1'], /^--protocol-version is "1"/],
    ['more workers than sessions', () => [NOWHERE, '--workers', '11'], /^--workers is 11, but/],
    ['a threshold that is none', () => [NOWHERE, '--expect', 'p99'], /^--expect is "p99", but must be/],
    ['an unknown figure', () => [NOWHERE, '--expect', 'p98<5ms'], /^--expect is "p98<5ms", but its figure/],
    [
      'a mix that is not there',
      () => [NOWHERE, '--mix', '/nowhere/mix.json'],
      /nowhere\/mix\.json cannot be read/,
    ],
    [
      'a mix that is not JSON',
      () => [NOWHERE, '--mix', mixFile('[{"tool" 1}]')],
      /is not JSON: unexpected "1"/,
    ],
    [
      'an empty mix',
      () => [NOWHERE, '--mix', mixFile('[]')],
      /^The mix .* is wrong .* but must be a JSON array/,
    ],
    [
      'a mix with an unknown key',
      () => [NOWHERE, '--mix', mixFile('[{"tol": "echo"}]')],
      /^The mix .* is wrong at 0/,
    ],
    [
      'a weight of none',
      () => [NOWHERE, '--mix', mixFile('[{"tool":"a","weight":0}]')],
      /wrong at 0\.weight/,
    ],
    [
      'a report in a folder that is not there',
      () => [NOWHERE, '--out', '/nowhere/report.json'],
      /^--out is "\/nowhere\/report\.json", but must be the path of a file in an existing folder/,
    ],
    ['a page that is a folder', () => [NOWHERE, '--report', '/'], /^--report is "\/", but must be/],
    [
      'a token that is none, unseen',
      () => [NOWHERE, '--token', 'hush\u00e9'],
      /^--token is a value that is not shown/,
    ],
  ];
  for (const [name, args, sentence] of cases) {
    it(name, async () => {
      const exit = await runCliHere(['load', ...args()]);
      expectSentence(exit, sentence);
      expect(exit.code).to.equal(2);
    });
  }

  it('a tool that the server has not, and names those that it has', async () => {
    const server = await startFaultServer();
    const mix = mixFile([{ tool: 'ecko', arguments: {}, weight: 1 }]);
    const exit = await runCli(['load', server.url, '--mix', mix]);
    expectSentence(exit, /^The server has no tool "ecko" .*echo.*sleep\.$/);
    expect(exit.code).to.equal(2);
  });

  it('before it opens a session', async () => {
    const server = await startFaultServer();
    const exit = await runCli(['load', server.url, '--out', '/nowhere/report.json']);
    expect(exit.code).to.equal(2);
    expect(await counted(server, 'bulkhead_sessions_started_total')).to.equal(0);
  });
});

describe('bulkhead load tells in one sentence, with exit code 1,', () => {
  it('that nothing listens', async () => {
    const exit = await runCli(['load', NOWHERE]);
    expectSentence(exit, /^Can't load http:\/\/127\.0\.0\.1:9\/mcp: .*ECONNREFUSED/);
    expect(exit.code).to.equal(1);
  });

  it('that what listens is no MCP server', async () => {
    const other = createServer((_request, response) => response.writeHead(404).end('not here'));
    await once(other.listen(0, '127.0.0.1'), 'listening');
    afterThisTest(() => {
      other.close();
      other.closeAllConnections();
    });
    const exit = await runCli(['load', `http://127.0.0.1:${(other.address() as AddressInfo).port}/`]);
    expectSentence(exit, /^Can't load .*404.*\/mcp/);
    expect(exit.code).to.equal(1);
  });

  it('that the server wants a token', async () => {
    const guarded = await startGateway({ token: 'open-sesame' });
    const exit = await runCli(['load', mcpUrl(guarded).href]);
    expectSentence(exit, /^Can't load .*401/);
    expect(exit.code).to.equal(1);
  });

  it('that the server has no tools', async () => {
    const server = await startFaultServer('none', { tools: 'none' });
    const exit = await runCli(['load', server.url]);
    expectSentence(exit, /^The server has no tools/);
    expect(exit.code).to.equal(1);
  });

  it('that it calls no tool of its own accord that may do harm', async () => {
    const server = await startFaultServer('none', { tools: 'dangerous' });
    const exit = await runCli(['load', server.url]);
    expectSentence(
      exit,
      /^The server has no tool that is safe and cheap enough .*send_money does not say .* --mix '\[.*"send_money"/,
    );
    expect(exit.code).to.equal(1);
  });

  it("that the server's metrics can't be read", async () => {
    const server = await startFaultServer();
    const exit = await runCli(['load', server.url, '--metrics', server.url]);
    expectSentence(exit, /metrics|\/mcp/);
    expect(exit.code).to.equal(1);
  });

  it('that there is no such process', async function () {
    if (!existsSync('/proc/self')) this.skip();
    const server = await startFaultServer();
    const exit = await runCli(['load', server.url, '--pid', String(2 ** 22 + 1)]);
    expectSentence(exit, /process/);
    expect(exit.code).to.equal(1);
  });
});

describe('bulkhead load, interrupted', () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`by ${signal} reports what it has found`, async () => {
      const server = await startFaultServer();
      const page = join(temporaryFolder(), 'report.html');
      const flags = ['--rate', '100', '--duration', '1m', '--idle', '5', '--mix', mixFile(echoMix)];
      const run = startLoad(server.url, '--workers 2', ...flags, '--report', page);
      await someCalls(server);
      run.child.kill(signal);
      const { code: exitCode, report, stdout } = await run.outcome();
      expect(exitCode).to.equal(code);
      expect(report.interrupted).to.equal(true);
      expect(report.answered).to.be.at.least(10);
      expect(report.lost).to.equal(0);
      expect(report.sessions).to.include({ created: 15, ended: 15 });
      expect(stdout).to.match(/tools\/call/);
      expect(readFileSync(page, 'utf8')).to.match(/^<!doctype html>/i);
    });
  }
});
