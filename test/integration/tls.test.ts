/** Listeners that speak HTTPS: versions, handshakes, certificates that change, and what a connection does as over plain HTTP. */
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent, type AgentOptions, get } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { TlsCredentials } from '../../src/auth/tls-credentials.js';
import { createGateway } from '../../src/index.js';
import { GatewayEmitter } from '../../src/telemetry/events.js';
import { Connections } from '../../src/transports/http/connections.js';
import { HttpServer } from '../../src/transports/http/http-server.js';
import { Certificates, type Pair } from '../support/certificates.js';
import { afterThisTest } from '../support/cleanup.js';
import { runCli, startCli } from '../support/cli-process.js';
import { until, withDeadline } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import {
  type Gateway,
  type GatewayOptions,
  rawClient,
  startGateway,
  withDefaults,
} from '../support/gateway.js';
import { openssl } from '../support/openssl.js';
import { initializeRequest, textOf, toolCall } from '../support/raw-client.js';
import { rawSocket, rawTlsSocket, requestText } from '../support/raw-socket.js';

const MIB = 1024 * 1024;

describe('A listener with TLS', () => {
  const certificates = new Certificates();
  let authority: Pair;
  let own: Pair;
  let gateway: Gateway;
  let trust: { readonly ca: Buffer };

  before('make certificates and start the gateway', async () => {
    authority = certificates.authority('Test Authority');
    own = certificates.server(authority, 'first');
    trust = { ca: readFileSync(authority.cert) };
    gateway = await createGateway(
      withDefaults({ ...bothListeners(own), sseAfter: '20ms', maxBodyBytes: MIB }),
    );
  });

  after(async () => {
    await withDeadline(gateway.kill(), 'gateway.kill()', 30_000);
    certificates.remove();
  });

  it('has https: URLs, and serves calls as JSON and as event streams', async () => {
    expect([gateway.url.protocol, gateway.adminUrl.protocol]).to.deep.equal(['https:', 'https:']);
    const client = rawClient(gateway, { tls: trust });
    await client.initialize();
    expect(textOf(await client.call('echo', { text: 'over TLS' }))).to.equal('over TLS');
    const { id, stream } = await client.openCall('slow', { ms: 200 });
    const answer = await stream.message((message) => message.id === id);
    expect(textOf(answer)).to.include('waited 200');
    await client.delete();
  });

  it('answers health checks, metrics and sessions', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/sessions'])
      expect(await statusOf(new URL(path, gateway.adminUrl), trust), path).to.equal(200);
  });

  it('refuses TLS 1.1, and takes 1.2 and 1.3 with HTTP/1.1', async () => {
    const { host } = gateway.url;
    const common = ['s_client', '-connect', host, '-CAfile', authority.cert, '-alpn', 'h2,http/1.1'];
    const old = await openssl([...common, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0']);
    expect(old.output).to.match(/alert protocol version/i);
    expect(old.code).not.to.equal(0);
    for (const [flag, version] of [
      ['-tls1_2', 'TLSv1.2'],
      ['-tls1_3', 'TLSv1.3'],
    ] as const) {
      const { output, code } = await openssl([...common, flag]);
      expect(code, output).to.equal(0);
      expect(output).to.include(`New, ${version}`).and.to.include('ALPN protocol: http/1.1');
      expect(output)
        .to.include('Verify return code: 0 (ok)')
        .and.not.to.include('Acceptable client certificate');
    }
  });

  it('says in the log what is wrong with a handshake', async () => {
    const told = async (action: () => Promise<unknown>): Promise<unknown> => {
      const dropped = once(gateway.events, 'connection-dropped');
      await action();
      return dropped;
    };
    const remoteAddress = '127.0.0.1';
    const failed = { listener: 'mcp', reason: 'handshake_failed', remoteAddress };
    const plain = async (): Promise<void> => {
      const socket = await rawSocket(gateway.url);
      socket.write(requestText('GET', gateway.url));
      await socket.end();
    };
    expect(await told(plain)).to.deep.equal({
      ...failed,
      detail: 'the client speaks plain HTTP: its URL must begin with https:',
    });
    const distrusting = (): Promise<unknown> =>
      openssl(['s_client', '-connect', gateway.url.host, '-verify_return_error']);
    expect(await told(distrusting)).to.deep.equal({
      ...failed,
      detail: "the client does not trust the authority of the server's certificate",
    });
  });

  it('takes a client that leaves before it says anything for no failure', async () => {
    const drops = collect(gateway.events, 'connection-dropped');
    const socket = await rawSocket(gateway.url);
    socket.socket.end();
    await socket.end();
    expect(await statusOf(new URL('/healthz', gateway.adminUrl), trust)).to.equal(200);
    expect(drops).to.deep.equal([]);
  });

  it('closes connections whose handshake takes too long, or that must make room, or whose client has vanished', async () => {
    const events = new GatewayEmitter();
    const drops = collect(events, 'connection-dropped');
    const limits = { maxConnections: 2, maxPerAddress: 2, closesBusy: false };
    const connections = new Connections({ listener: 'mcp', events, ...limits });
    const credentials = new TlsCredentials({
      paths: { ...own, clientCa: undefined },
      prefix: 'tls-',
      events,
    });
    const http = new HttpServer({
      connections,
      events,
      host: '127.0.0.1',
      port: 0,
      option: { host: 'host', port: 'port' },
      headersDeadlineMs: 60_000,
      requestDeadlineMs: 60_000,
      keepAliveMs: 60_000,
      tls: { credentials, clients: undefined },
      handshakeDeadlineMs: 500,
      handle: (_request, response) => response.end('ok'),
    });
    const { port } = await http.listen();
    afterThisTest(async () => {
      credentials.close();
      await http.close(0);
    });
    const url = new URL(`https://127.0.0.1:${port}/`);
    const socket = await rawSocket(url);
    // The head of a record of TLS, whose content comes byte by byte.
    socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]));
    const trickle = setInterval(() => socket.write('x'), 50);
    await socket.end();
    clearInterval(trickle);
    await until(() => connections.count === 0, 'the connection to be forgotten');
    const remoteAddress = '127.0.0.1';
    expect(drops).to.deep.equal([{ listener: 'mcp', reason: 'handshake_timeout', remoteAddress }]);
    // One that waits for its handshake is the first to go where a place is needed.
    await rawSocket(url);
    await rawSocket(url);
    await until(() => connections.count === 2, 'both connections');
    expect(await statusOf(url, trust)).to.equal(200);
    expect(drops[1]).to.deep.equal({ listener: 'mcp', reason: 'evicted', remoteAddress });
    // One whose client acknowledges nothing is reset, which a socket of TLS cannot be itself.
    const open = await rawTlsSocket(url, trust);
    open.write(requestText('GET', url));
    await open.received('200');
    for (const accepted of connections.sockets()) connections.drop(accepted, 'vanished');
    await until(
      () => open.error === 'ECONNRESET',
      () => `a reset; got ${open.error}`,
    );
  });

  it('answers a refused upload though its client sends 16 MiB before it reads', async () => {
    const drops = collect(gateway.events, 'connection-dropped');
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await rawTlsSocket(gateway.url, { ...trust, maxVersion }, true);
      const headers = { 'content-type': 'application/json', 'content-length': 16 * MIB };
      socket.write(requestText('POST', gateway.url, headers));
      await new Promise<void>((resolve) => socket.socket.write(Buffer.alloc(16 * MIB, 'x'), () => resolve()));
      socket.socket.resume();
      await socket.end();
      expect(socket.text, maxVersion).to.match(/^HTTP\/1\.1 413 /);
      expect(socket.error, maxVersion).to.equal(undefined);
      socket.socket.end();
    }
    expect(drops).to.deep.equal([]);
  });

  it('answers bytes that are no request', async () => {
    const socket = await rawTlsSocket(gateway.url, trust);
    socket.write('GARBAGE\r\n\r\n');
    await socket.end();
    expect(socket.text).to.match(/^HTTP\/1\.1 400 /);
  });

  it('answers a client that closes its half behind its request', async () => {
    const client = rawClient(gateway, { tls: trust });
    await client.initialize();
    const headers = { 'mcp-session-id': client.sessionId, 'mcp-protocol-version': '2025-11-25' };
    const body = JSON.stringify(toolCall(1, 'slow', { ms: 300 }));
    const socket = await rawTlsSocket(gateway.url, { ...trust, minVersion: 'TLSv1.3' });
    socket.socket.end(requestText('POST', gateway.url, headers, body));
    await socket.end();
    expect(socket.text).to.include('waited 300');
    await client.delete();
  });

  it('sees that a client is gone', async () => {
    const client = rawClient(gateway, { tls: trust });
    await client.initialize();
    const { exchange } = await client.openCall('slow', { ms: 60_000 });
    const closed = once(gateway.events, 'stream-closed', ({ kind }) => kind === 'post');
    exchange.destroy();
    await closed;
    await client.delete();
  });

  it('serves bulkhead call and bulkhead bridge with NODE_EXTRA_CA_CERTS', async () => {
    const env = { NODE_EXTRA_CA_CERTS: authority.cert };
    const call = await runCli(['call', gateway.url.href, 'echo', '{"text":"hello"}'], { env });
    expect(call.stderr + call.stdout).to.include('hello');
    expect(call.code).to.equal(0);
    const bridge = startCli(['bridge', gateway.url.href], { env, writes: true });
    bridge.child.stdin?.write(`${JSON.stringify(initializeRequest(1))}\n`);
    await bridge.printed('stdout', /"serverInfo"/);
    bridge.child.stdin?.end();
    expect((await bridge.exited()).code).to.equal(0);
    const refused = await runCli(['list', gateway.url.href]);
    expect(refused.code).not.to.equal(0);
    expect(refused.stderr).to.match(/certificate/i);
  });

  it('leaves nothing of connections, whatever state they are in, when it stops', async () => {
    const other = await startGateway({ ...bothListeners(own), sseAfter: '20ms' });
    const client = rawClient(other, { tls: trust });
    await client.initialize();
    await client.get();
    await client.openCall('slow', { ms: 60_000 });
    const idle = await rawTlsSocket(other.url, trust);
    const handshaking = await rawSocket(other.url);
    handshaking.write(Buffer.from([0x16, 3, 1]));
    await withDeadline(other.kill(), 'gateway.kill()', 10_000);
    await Promise.all([idle.end(), handshaking.end()]);
  });

  describe('whose certificate changes', () => {
    const REPLACEMENTS = 5;
    let mine: Pair;
    let changing: Gateway;

    beforeEach(async () => {
      mine = { cert: certificates.path('changing.pem'), key: certificates.path('changing.key') };
      install(own, mine);
      changing = await startGateway(bothListeners(mine));
    });

    it('serves it to new connections and loses no request', async function () {
      this.timeout(180_000);
      const failures: unknown[] = [];
      let requests = 0;
      let running = true;
      const opener = rawClient(changing, { tls: trust });
      await opener.initialize();
      const keep = async (keepAlive: boolean, loop: number): Promise<void> => {
        const client = rawClient(changing, { tls: { ...trust, keepAlive } });
        Object.assign(client, { sessionId: opener.sessionId, protocolVersion: opener.protocolVersion });
        while (running) {
          try {
            const answer = await client.ask('ping', {}, { id: `${loop}-${requests}` });
            if (answer.result === undefined) throw new Error(JSON.stringify(answer));
          } catch (error) {
            failures.push(error);
          }
          requests += 1;
          await delay(5);
        }
      };
      const loops = Array.from({ length: 8 }, (_, index) => keep(index % 2 === 0, index));
      for (let count = 0; count < REPLACEMENTS; count += 1) {
        const name = `replacement ${count}`;
        install(certificates.server(authority, name), mine);
        await until(async () => (await nameAt(changing.url, trust)) === name, name, 30_000);
      }
      running = false;
      await Promise.all(loops);
      expect(failures).to.deep.equal([]);
      expect(requests).to.be.above(loops.length * REPLACEMENTS);
      expect(await nameAt(changing.adminUrl, trust)).to.equal(`replacement ${REPLACEMENTS - 1}`);
    });

    it('refuses one that is broken, or does not match its key, and keeps the one before', async () => {
      const notices = collect(changing.events, 'notice');
      writeFileSync(mine.cert, 'not a certificate\n');
      await changing.reload();
      copyFileSync(certificates.server(authority, 'other').cert, mine.cert);
      await changing.reload();
      const errors = notices.filter(({ level }) => level === 'error').map(({ message }) => message);
      expect(errors[0]).to.match(
        /^tls-cert .*changing\.pem cannot be used, so what was used before stays: it has no/,
      );
      expect(errors.some((message) => /^tls-key .*: it does not belong to/.test(message))).to.equal(true);
      expect(await nameAt(changing.url, trust)).to.equal('first');
    });

    it('warns of one that has expired', async () => {
      const notices = collect(changing.events, 'notice');
      install(certificates.server(authority, 'late', { days: -1 }), mine);
      await changing.reload();
      const warnings = notices.filter(({ level }) => level === 'warn').map(({ message }) => message);
      expect(warnings[0]).to.match(
        /^Clients will refuse the certificate in tls-cert .*: it has expired at 20/,
      );
    });
  });
});

function bothListeners({ cert, key }: Pair): Partial<GatewayOptions> {
  return { tlsCert: cert, tlsKey: key, adminTlsCert: cert, adminTlsKey: key };
}

/** One after the other, as most programs replace them. */
function install(pair: Pair, place: Pair): void {
  for (const part of ['cert', 'key'] as const) {
    copyFileSync(pair[part], `${place[part]}.new`);
    renameSync(`${place[part]}.new`, place[part]);
  }
}

function statusOf(url: URL, options: AgentOptions): Promise<number | undefined> {
  const agent = new Agent(options);
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
}

/** The common name of the certificate that a new connection is shown. */
async function nameAt(url: URL, options: { readonly ca: Buffer }): Promise<unknown> {
  const socket: TLSSocket = connectTls({ host: url.hostname, port: Number(url.port), ...options });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}
