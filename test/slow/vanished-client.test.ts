/** A client's machine that vanishes, in reality: the client runs in a network namespace whose link goes down. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { until } from '../support/deadline.js';
import { collect } from '../support/events.js';
import { type Gateway, startGateway } from '../support/gateway.js';

/** In a block for tests of network devices (RFC 2544). Names of interfaces have at most 15 characters. */
class Network {
  readonly namespace: string;
  readonly here: string;
  readonly #outer: string;
  readonly #inner: string;
  readonly #there: string;

  constructor(index: number) {
    this.namespace = `bulkhead-${process.pid}-${index}`;
    this.#outer = `bh${process.pid}o${index}`;
    this.#inner = `bh${process.pid}i${index}`;
    this.here = `198.18.7.${4 * index + 1}`;
    this.#there = `198.18.7.${4 * index + 2}`;
  }

  /** @throws if it is not permitted, for example in a container, or the command does not exist */
  make(): void {
    ip('netns', 'add', this.namespace);
    ip('link', 'add', this.#outer, 'type', 'veth', 'peer', 'name', this.#inner, 'netns', this.namespace);
    ip('addr', 'add', `${this.here}/30`, 'dev', this.#outer);
    ip('link', 'set', this.#outer, 'up');
    ip('-n', this.namespace, 'addr', 'add', `${this.#there}/30`, 'dev', this.#inner);
    ip('-n', this.namespace, 'link', 'set', this.#inner, 'up');
  }

  cut(): void {
    ip('-n', this.namespace, 'link', 'set', this.#inner, 'down');
  }

  remove(): void {
    try {
      ip('netns', 'del', this.namespace);
    } catch {
      // It was never made.
    }
  }
}

const WITHIN_MS = 120_000;
/** Longer than the interval of checks for acknowledgements, plus the deadline. */
const QUIET_MS = 80_000;

/** Opens a session and its GET stream, reports that, and stays. */
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
  const vanishing = new Network(0);
  const quiet = new Network(1);

  before('make two networks of two', function () {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return this.skip();
    try {
      vanishing.make();
    } catch {
      return this.skip();
    }
    quiet.make();
  });

  after('take them away', () => {
    vanishing.remove();
    quiet.remove();
  });

  // All at the same time: each takes more than a minute, in which only clocks run.
  it('is noticed within two minutes, with a comment each 15s or 50s, and one that is only quiet is left alone', async () => {
    const [often, rarely, left] = await Promise.all([
      listenedTo(vanishing, '15s'),
      listenedTo(vanishing, '50s'),
      listenedTo(quiet, '1s'),
    ]);
    vanishing.cut();
    const vanishedMs = performance.now();
    await Promise.all([
      // With a comment after TCP keep-alive's own time, keep-alive is what finds it.
      isNoticed(often, '15s').then(() => {
        expect(often.drops.map(({ reason }) => reason)).to.include('vanished');
      }),
      isNoticed(rarely, '50s'),
      isLeftAlone(left, vanishedMs + QUIET_MS),
    ]);
  });
});

async function listenedTo(network: Network, keepAlive: string) {
  const gateway = await startGateway({
    host: network.here,
    insecure: true,
    keepAlive,
    disconnectGrace: '1s',
  });
  const drops = collect(gateway.events, 'connection-dropped');
  const closed = collect(gateway.events, 'stream-closed');
  await listeningClient(network, gateway);
  return { gateway, drops, closed };
}

type Listened = Awaited<ReturnType<typeof listenedTo>>;

/** Without the streams of its POSTs, which a slow machine also answers as streams. */
const closedGets = ({ closed }: Listened) => closed.filter(({ kind }) => kind === 'get');

async function isNoticed(listened: Listened, keepAlive: string): Promise<void> {
  await until(
    () => closedGets(listened).length === 1,
    `the stream with a comment each ${keepAlive} to be closed`,
    WITHIN_MS,
  );
  await until(
    () => listened.gateway.sessions().length === 0,
    `the session with a comment each ${keepAlive} to end`,
  );
}

async function isLeftAlone(listened: Listened, untilMs: number): Promise<void> {
  await until(() => performance.now() > untilMs, 'the deadline to pass', QUIET_MS + 10_000);
  expect(closedGets(listened)).to.deep.equal([]);
  expect(listened.gateway.sessions()).to.have.lengthOf(1);
}

async function listeningClient(network: Network, gateway: Gateway): Promise<void> {
  const script = ['--input-type=module', '--eval', CLIENT, gateway.url.href];
  const child = spawn('ip', ['netns', 'exec', network.namespace, process.execPath, ...script], {
    // It may report that its connection timed out, because it has vanished.
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
