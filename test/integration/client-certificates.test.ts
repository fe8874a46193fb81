/** Clients that say who they are by a certificate. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, type AgentOptions, request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { createGateway } from '../../src/index.js';
import { Certificates, contents, type Pair } from '../support/certificates.js';
import { withDeadline } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import {
  type Gateway,
  type GatewayOptions,
  rawClient,
  startGateway,
  withDefaults,
} from '../support/gateway.js';
import { openssl } from '../support/openssl.js';
import { initializeRequest } from '../support/raw-client.js';
import { rawTlsSocket, requestText } from '../support/raw-socket.js';

const SPIFFE = 'spiffe://example.org/ci';

describe('A client certificate', () => {
  const certificates = new Certificates();
  let authority: Pair;
  let foreign: Pair;
  let trust: { readonly ca: Buffer };
  let only: Gateway;
  let both: Gateway;

  before('make certificates and start two gateways', async () => {
    authority = certificates.authority('Ours');
    foreign = certificates.authority('Theirs');
    const own = certificates.server(authority, 'localhost');
    trust = { ca: readFileSync(authority.cert) };
    const tls: Partial<GatewayOptions> = { tlsCert: own.cert, tlsKey: own.key, tlsClientCa: authority.cert };
    only = await createGateway(
      withDefaults({
        ...tls,
        adminTlsCert: own.cert,
        adminTlsKey: own.key,
        adminTlsClientCa: authority.cert,
      }),
    );
    both = await createGateway(withDefaults({ ...tls, token: 'secret' }));
  });

  after(async () => {
    await withDeadline(Promise.all([only.kill(), both.kill()]), 'gateway.kill()', 30_000);
    certificates.remove();
  });

  it('says whom a session belongs to: its URI, or else its common name', async () => {
    const cases: [pair: Pair, subject: string][] = [
      [certificates.issue(authority, 'ci', { names: `DNS:ci.example,URI:${SPIFFE}` }), SPIFFE],
      [certificates.issue(authority, 'ada'), 'ada'],
    ];
    for (const [pair, subject] of cases) {
      const client = rawClient(only, { tls: { ...trust, ...contents(pair) } });
      await client.initialize();
      const [session] = only.sessions().filter(({ context }) => context.sessionId === client.sessionId);
      expect(session?.context.identity).to.deep.include({
        kind: 'certificate',
        issuer: 'certificate',
        subject,
      });
      await client.delete();
    }
  });

  it('belongs to the connection alone: another one has no session of the first', async () => {
    const ada = rawClient(only, { tls: { ...trust, ...contents(certificates.issue(authority, 'ada')) } });
    await ada.initialize();
    const bob = rawClient(only, { tls: { ...trust, ...contents(certificates.issue(authority, 'bob')) } });
    const response = await bob.post(
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { 'mcp-session-id': ada.sessionId, 'mcp-protocol-version': '2025-11-25' },
    );
    expect(response.status).to.equal(404);
    await ada.delete();
  });

  it('is missed, expired or foreign with a 401 that says so, and no session', async () => {
    const expired = certificates.issue(authority, 'late', { days: -1 });
    const other = certificates.issue(foreign, 'mallory');
    const nameless = certificates.issue(authority, 'spiffe://example.org/pretender');
    const cases: [what: string, pair: Pair | undefined, sentence: RegExp][] = [
      ['none', undefined, /needs a client certificate/],
      ['an expired one', expired, /certificate has expired/],
      ["another authority's", other, /not issued by an authority that this server trusts/],
      ['one that names nobody', nameless, /names nobody/],
    ];
    const rejections = collect(only.events, 'rejected');
    for (const [what, pair, sentence] of cases) {
      const tls = { ...trust, ...(pair !== undefined && contents(pair)) };
      const response = await rawClient(only, { tls }).post(initializeRequest(1));
      expect(response.status, what).to.equal(401);
      expect((await response.json()).error?.message, what).to.match(sentence);
    }
    expect(rejections.map(({ reason }) => reason)).to.deep.equal(cases.map(() => 'unauthorized'));
    expect(only.sessions()).to.deep.equal([]);
  });

  it('may be left out, or be wrong, where a token is sent', async () => {
    const other = certificates.issue(foreign, 'mallory');
    const withToken = { headers: { authorization: 'Bearer secret' } };
    for (const tls of [trust, { ...trust, ...contents(other) }]) {
      const client = rawClient(both, { ...withToken, tls });
      await client.initialize();
      const [session] = both.sessions();
      expect(session?.context.identity).to.deep.include({ kind: 'token', subject: 'token' });
      await client.delete();
    }
    const wrong = await rawClient(both, { tls: { ...trust, ...contents(other) } }).post(initializeRequest(1));
    expect((await wrong.json()).error?.message).to.match(/not issued by an authority/);
    const nothing = await rawClient(both, { tls: trust }).post(initializeRequest(1));
    expect((await nothing.json()).error?.message).to.match(/bearer token/);
    const client = rawClient(both, { tls: { ...trust, ...contents(certificates.issue(authority, 'ada')) } });
    await client.initialize();
    expect(both.sessions()[0]?.context.identity).to.include({ kind: 'certificate', subject: 'ada' });
    await client.delete();
  });

  it('is not made up by a TLS session that is resumed without one', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const session = await sessionOf(only.url, { ...trust, maxVersion });
      const socket = await rawTlsSocket(only.url, { ...trust, maxVersion, session });
      expect((socket.socket as TLSSocket).isSessionReused(), maxVersion).to.equal(true);
      socket.write(requestText('POST', only.url, {}, JSON.stringify(initializeRequest(1))));
      await socket.received('needs a client certificate');
    }
  });

  it('counts as it did when its TLS session is resumed', async () => {
    const cases: [pair: Pair, answer: string][] = [
      [certificates.issue(authority, 'ada'), ' 200 OK'],
      [certificates.issue(foreign, 'mallory'), 'not issued by an authority'],
    ];
    for (const [pair, answer] of cases) {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const options = { ...trust, ...contents(pair), maxVersion };
        const session = await sessionOf(only.url, options);
        const socket = await rawTlsSocket(only.url, { ...options, session });
        expect((socket.socket as TLSSocket).isSessionReused(), maxVersion).to.equal(true);
        socket.write(requestText('POST', only.url, {}, JSON.stringify(initializeRequest(1))));
        await socket.received(answer);
      }
    }
    await Promise.all(only.sessions().map(({ context }) => only.endSession(context.sessionId)));
  });

  it('is what openssl shows of itself, too', async () => {
    const ada = certificates.issue(authority, 'ada');
    const common = ['s_client', '-connect', only.url.host, '-CAfile', authority.cert, '-quiet'];
    const input = requestText(
      'POST',
      only.url,
      { connection: 'close' },
      JSON.stringify(initializeRequest(1)),
    );
    for (const version of ['-tls1_2', '-tls1_3']) {
      const named = await openssl([...common, version, '-cert', ada.cert, '-key', ada.key], input);
      expect(named.output, version).to.include('HTTP/1.1 200 OK');
      const nobody = await openssl([...common, version], input);
      expect(nobody.output, version).to.include('HTTP/1.1 401 ').and.to.include('needs a client certificate');
    }
    expect(only.sessions().map(({ context }) => context.identity?.subject)).to.deep.equal(['ada', 'ada']);
    await Promise.all(only.sessions().map(({ context }) => only.endSession(context.sessionId)));
  });

  it('of an authority that was removed counts for nothing, on open connections too', async () => {
    const own = certificates.server(authority, 'localhost');
    const tlsClientCa = certificates.path('authorities.pem');
    const [ours, theirs] = [authority, foreign].map(({ cert }) => readFileSync(cert, 'utf8'));
    writeFileSync(tlsClientCa, `${ours}${theirs}`);
    const gateway = await startGateway({ tlsCert: own.cert, tlsKey: own.key, tlsClientCa });
    const clientOf = async (issuer: Pair, name: string) => {
      const agent = { keepAlive: true, maxSockets: 1 };
      const tls = { ...trust, ...agent, ...contents(certificates.issue(issuer, name)) };
      const client = rawClient(gateway, { tls });
      await client.initialize();
      return client;
    };
    const ada = await clientOf(authority, 'ada');
    const mallory = await clientOf(foreign, 'mallory');
    const reread = once(gateway.events, 'notice', ({ message }) => message.includes('have changed'));
    writeFileSync(tlsClientCa, String(ours));
    await reread;
    const refused = await mallory.post(
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { 'mcp-session-id': mallory.sessionId, 'mcp-protocol-version': '2025-11-25' },
    );
    expect([refused.status, refused.headers.connection]).to.deep.equal([401, 'close']);
    expect((await refused.json()).error?.message).to.match(/no longer one that this server trusts/);
    const again = await mallory.post(initializeRequest(2));
    expect((await again.json()).error?.message).to.match(/not issued by an authority/);
    expect((await ada.ask('ping')).error).to.equal(undefined);
  });

  it('is asked for by the admin listener, but not for health checks', async () => {
    const ops = { ...trust, ...contents(certificates.issue(authority, 'ops')) };
    const status = (path: string, options: AgentOptions): Promise<number | undefined> =>
      statusOf(new URL(path, only.adminUrl), options);
    expect(await status('/healthz', trust)).to.equal(200);
    expect(await status('/readyz', trust)).to.equal(200);
    expect(await status('/sessions', trust)).to.equal(401);
    expect(await status('/metrics', trust)).to.equal(401);
    expect(await status('/sessions', ops)).to.equal(200);
    expect(await status('/metrics', ops)).to.equal(200);
  });
});

function statusOf(url: URL, options: AgentOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: new Agent(options) }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    outgoing.on('error', reject).end();
  });
}

/** What a connection needs to resume the TLS session of another one. */
async function sessionOf(url: URL, options: object): Promise<Buffer> {
  const socket = connect({ host: url.hostname, port: Number(url.port), ...options });
  try {
    return await withDeadline(
      new Promise<Buffer>((resolve, reject) => socket.once('session', resolve).once('error', reject)),
      'a TLS session',
    );
  } finally {
    socket.destroy();
  }
}
