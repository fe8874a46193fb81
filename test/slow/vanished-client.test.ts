/** A client's machine that goes away without a word, held real: the client runs in a network namespace whose link goes down. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { until } from '../support/deadline.js';
import { collect } from '../support/events.js';
import { type Gateway, startGateway } from '../support/gateway.js';

const NAMESPACE = `bulkhead-${process.pid}`;
/** Names of interfaces have at most 15 characters. */
const OUTER = `bh${process.pid}o`;
const INNER = `bh${process.pid}i`;
/** A block for tests of network devices (RFC 2544). */
const HERE = '198.18.7.1';
const THERE = '198.18.7.2';
const WITHIN_MS = 120_000;

/** Opens a session and its GET stream, says so, and stays. */
const CLIENT = `
const url = process.argv[1];
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params:
  { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'vanishing', version: '1' } } };
const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(initialize) });
await response.text();
const session = { ...headers, 'mcp-session-id': response.headers.get('mcp-session-id') };
await fetch(url, { method: 'POST', headers: session, body: '{"jsonrpc":"2.0","method":"notifications/initialized"}' });
const stream = await fetch(url, { headers: { ...session, accept: 'text/event-stream' } });
console.log('listening');
for await (const _ of stream.body);
`;

describe('A client whose machine goes away without a word', function () {
  this.timeout(WITHIN_MS + 60_000);

  before('make a network of two', function () {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return this.skip();
    try {
      ip('netns', 'add', NAMESPACE);
    } catch {
      // No right to make one, in a container say, or no such command.
      return this.skip();
    }
    ip('link', 'add', OUTER, 'type', 'veth', 'peer', 'name', INNER, 'netns', NAMESPACE);
    ip('addr', 'add', `${HERE}/30`, 'dev', OUTER);
    ip('link', 'set', OUTER, 'up');
    ip('-n', NAMESPACE, 'addr', 'add', `${THERE}/30`, 'dev', INNER);
    ip('-n', NAMESPACE, 'link', 'set', INNER, 'up');
  });

  after('take it away', () => {
    try {
      ip('netns', 'del', NAMESPACE);
    } catch {
      // It was never made.
    }
  });

  for (const keepAlive of ['15s', '50s']) {
    it(`is noticed within two minutes, with a comment each ${keepAlive}, and its session ends`, async () => {
      const gateway = await startGateway({
        host: HERE,
        insecure: true,
        keepAlive,
        disconnectGrace: '1s',
      });
      const drops = collect(gateway.events, 'connection-dropped');
      const closed = collect(gateway.events, 'stream-closed');
      await listeningClient(gateway);
      ip('-n', NAMESPACE, 'link', 'set', INNER, 'down');
      const vanishedMs = performance.now();
      afterThisTest(() => {
        ip('-n', NAMESPACE, 'link', 'set', INNER, 'up');
      });
      await until(() => closed.length === 1, 'the stream to be closed', WITHIN_MS);
      expect(performance.now() - vanishedMs).to.be.below(WITHIN_MS);
      // With a comment behind TCP keep-alive's own patience, that is what finds it.
      if (keepAlive === '15s') expect(drops.map(({ reason }) => reason)).to.include('vanished');
      await until(() => gateway.sessions().length === 0, 'its session to end');
    });
  }

  it('is not taken for one that is only quiet', async () => {
    const gateway = await startGateway({ host: HERE, insecure: true, keepAlive: '1s' });
    const closed = collect(gateway.events, 'stream-closed');
    await listeningClient(gateway);
    // Longer than a look and the deadline behind it.
    const untilMs = performance.now() + 80_000;
    await until(() => performance.now() > untilMs, 'the deadline to pass', 90_000);
    expect(closed).to.deep.equal([]);
  });
});

async function listeningClient(gateway: Gateway): Promise<void> {
  const script = ['--input-type=module', '--eval', CLIENT, gateway.url.href];
  const child = spawn('ip', ['netns', 'exec', NAMESPACE, process.execPath, ...script], {
    // It may say that its connection timed out: it has vanished.
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  afterThisTest(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const [said] = await once(child.stdout, 'data');
  expect(String(said)).to.include('listening');
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}
