/** Access tokens of a real authorization server. */
import { createHmac, createPublicKey } from 'node:crypto';
import { expect } from 'chai';
import { createGateway } from '../../src/index.js';
import {
  AuthorizationServer,
  type SigningKey,
  sharedAuthorizationServer,
  signingKey,
} from '../support/authorization-server.js';
import { afterThisTest } from '../support/cleanup.js';
import { expectRejection } from '../support/expectations.js';
import { type Gateway, type GatewayOptions, startGateway, withDefaults } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { initializeRequest, RawClient, type RawResponse, textOf } from '../support/raw-client.js';
import { StatelessCaller, textIn } from '../support/stateless-caller.js';

const serverModule = fixtureModule('affinity');
const METADATA = '/.well-known/oauth-protected-resource';

function clientOf(gateway: Gateway, token?: string): RawClient {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const client = new RawClient(gateway.url, { headers });
  afterThisTest(() => client.destroy());
  return client;
}

function challengeOf(response: RawResponse): Readonly<Record<string, string>> {
  const written = String(response.headers['www-authenticate']);
  const parts = [...written.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]);
  return Object.fromEntries(parts);
}

async function refused(gateway: Gateway, token: string, status = 401): Promise<RawResponse> {
  const response = await clientOf(gateway, token).post(initializeRequest(1));
  await expectRejection(response, status);
  return response;
}

describe('Signed access tokens', () => {
  const server = sharedAuthorizationServer();
  const start = (options: Partial<GatewayOptions> = {}): Promise<Gateway> =>
    startGateway({ serverModule, authIssuer: [server().issuer], ...options });

  it('let in whoever has one for this endpoint, as the authorization server issues it', async () => {
    const gateway = await start({ authClaims: ['client_id'] });
    const client = clientOf(gateway, await server().issue(gateway.url.href, 'read write'));
    await client.initialize();
    const [session] = gateway.sessions();
    expect(session?.context.identity).to.deep.equal({
      kind: 'jwt',
      issuer: server().issuer,
      subject: 'machine',
      scopes: ['read', 'write'],
      claims: { client_id: 'machine' },
    });
    expect(session?.context.principal).to.equal(`${server().issuer} machine`);
  });

  it('tell a server module who asks, and never themselves', async () => {
    const gateway = await startGateway({ authIssuer: [server().issuer], authClaims: ['email'] });
    const token = await server().sign({ aud: gateway.url.href, scope: 'read', email: 'ada@example.org' });
    const client = clientOf(gateway, token);
    await client.initialize();
    const told = textOf(await client.call('context'));
    expect(JSON.parse(told).principal).to.deep.equal({
      kind: 'jwt',
      issuer: server().issuer,
      subject: 'ada',
      scopes: ['read'],
      claims: { email: 'ada@example.org' },
    });
    for (const part of token.split('.')) expect(told).not.to.include(part);
  });

  it('are asked for with the address of the metadata, which says where to get one', async () => {
    const gateway = await start({ authScopes: ['read'] });
    const response = await clientOf(gateway).post(initializeRequest(1));
    await expectRejection(response, 401);
    const { resource_metadata: address = '', ...rest } = challengeOf(response);
    expect(rest).to.deep.equal({ realm: 'mcp-bulkhead', scope: 'read' });
    expect(address).to.equal(new URL(`${METADATA}/mcp`, gateway.url).href);
    for (const url of [address, new URL(METADATA, gateway.url).href]) {
      const found = await fetch(url, {
        headers: { origin: 'https://inspector.example', connection: 'close' },
      });
      expect(found.headers.get('access-control-allow-origin')).to.equal('*');
      expect(await found.json()).to.deep.equal({
        resource: gateway.url.href,
        authorization_servers: [server().issuer],
        scopes_supported: ['read'],
        bearer_methods_supported: ['header'],
        resource_name: 'affinity',
      });
    }
    const other = await fetch(new URL('/.well-known/oauth-authorization-server', gateway.url));
    expect([other.status, await other.text()]).to.deep.equal([404, 'Not found\n']);
  });

  it('are described by public-url, whatever the Host header says', async () => {
    const gateway = await start({ publicUrl: 'https://tools.example/mcp-servers/' });
    const response = await clientOf(gateway).post(initializeRequest(1), { host: 'tools.example' });
    expect(challengeOf(response).resource_metadata).to.equal(
      `https://tools.example${METADATA}/mcp-servers/mcp`,
    );
    await response.text();
    for (const path of [`${METADATA}/mcp-servers/mcp`, `${METADATA}/mcp`]) {
      const found = await fetch(new URL(path, gateway.url), { headers: { connection: 'close' } });
      expect(((await found.json()) as { resource: string }).resource, path).to.equal(
        'https://tools.example/mcp-servers/mcp',
      );
    }
    const token = await server().sign({ aud: 'https://tools.example/mcp-servers/mcp' });
    await clientOf(gateway, token).initialize();
  });

  const wrong: [what: string, sign: (audience: string) => Promise<string>, says: RegExp][] = [
    ['for another audience', () => server().sign({ aud: 'https://other.example/mcp' }), /audience/],
    ['for no audience', () => server().sign({}), /aud/],
    ['of another issuer', (aud) => server().sign({ aud, iss: 'https://evil.example' }), /not trusted/],
    [
      'of an issuer that is written otherwise',
      (aud) => server().sign({ aud, iss: `${server().issuer}/` }),
      /not trusted/,
    ],
    ['expired', (aud) => server().sign({ aud, exp: seconds() - 60 }), /expired/],
    ['without an expiry', (aud) => server().sign({ aud, exp: undefined as unknown as number }), /exp/],
    ['not valid yet', (aud) => server().sign({ aud, nbf: seconds() + 300 }), /not valid yet/],
    ['of another type', (aud) => server().sign({ aud }, { header: { typ: 'logout+jwt' } }), /typ/],
    ['without a subject', (aud) => server().sign({ aud, sub: undefined as unknown as string }), /subject/],
    ['bound to a key of its client', (aud) => server().sign({ aud, cnf: { jkt: 'thumbprint' } }), /bound/],
    [
      'signed by an unknown key',
      async (aud) => server().sign({ aud }, { key: await signingKey('other') }),
      /key/,
    ],
    [
      'signed by another key with the name of a known one',
      async (aud) => server().sign({ aud }, { key: await signingKey(server().key.id) }),
      /signature/,
    ],
    [
      'unsigned',
      async (aud) => unsigned({ iss: server().issuer, sub: 'ada', aud, exp: seconds() + 60 }),
      /algorithm|read/,
    ],
    [
      'signed by the public key as if it were a secret',
      async (aud) =>
        signedBySecret({ iss: server().issuer, sub: 'ada', aud, exp: seconds() + 60 }, server().key),
      /algorithm/,
    ],
    ['cut', async (aud) => (await server().sign({ aud })).slice(0, -8), /signature|read/],
    ['that is no token', async () => 'aaaa.bbbb.cccc', /unknown|read/],
  ];
  describe('are refused where they are', () => {
    let gateway: Gateway;
    before('start the gateway', async () => {
      gateway = await createGateway(withDefaults({ serverModule, authIssuer: [server().issuer] }));
    });
    after('kill the gateway', () => gateway.kill());

    for (const [what, sign, says] of wrong)
      it(what, async () => {
        const response = await refused(gateway, await sign(gateway.url.href));
        const { error, error_description: description } = challengeOf(response);
        expect(error).to.equal('invalid_token');
        expect(description).to.match(says);
        expect(gateway.sessions()).to.have.length(0);
      });

    it('but within the leeway of clocks are not', async () => {
      const aud = gateway.url.href;
      const client = clientOf(
        gateway,
        await server().sign({ aud, exp: seconds() - 10, nbf: seconds() + 10 }),
      );
      await client.initialize();
      await client.delete();
    });
  });

  it('may be for another audience that auth-audience names, and have scopes as scp', async () => {
    const gateway = await start({ authAudience: ['api://tools'] });
    const token = await server().sign({ aud: ['api://other', 'api://tools'], scp: ['b', 'a'] });
    await clientOf(gateway, token).initialize();
    expect(gateway.sessions()[0]?.context.identity.scopes).to.deep.equal(['a', 'b']);
  });

  it('go on with their session when they are refreshed, and nobody else does', async () => {
    const gateway = await start();
    const aud = gateway.url.href;
    const first = clientOf(gateway, await server().sign({ aud, scope: 'read' }));
    await first.initialize();
    expect(textOf(await first.call('keep', { value: 'mine' }))).to.include('mine');
    const refreshed = clientOf(gateway, await server().sign({ aud, scope: 'read write', jti: 'second' }));
    refreshed.sessionId = first.sessionId;
    refreshed.protocolVersion = first.protocolVersion;
    expect(textOf(await refreshed.call('keep', { value: 'again' }))).to.include('mine');
    const other = clientOf(gateway, await server().sign({ aud, sub: 'bob' }));
    other.sessionId = first.sessionId;
    other.protocolVersion = first.protocolVersion;
    await expectRejection(await other.post({ jsonrpc: '2.0', id: 1, method: 'ping' }), 404);
  });

  it('that expire close an open stream with the reason, and the client comes back with another', async () => {
    const gateway = await start();
    const aud = gateway.url.href;
    // The leeway is 30 s.
    const exp = seconds() - 28;
    const client = clientOf(gateway, await server().sign({ aud, exp }));
    await client.initialize();
    const stream = await client.send('GET');
    expect(await stream.text()).to.include('the credential of this stream has expired');
    const response = await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' });
    expect((await expectRejection(response, 401)).error?.message).to.include('expired');
    const again = clientOf(gateway, await server().sign({ aud }));
    again.sessionId = client.sessionId;
    again.protocolVersion = client.protocolVersion;
    expect(textOf(await again.call('keep', { value: 'x' }))).to.be.a('string');
  });

  it('work beside named tokens, each with a principal of its own', async () => {
    const gateway = await start({ token: 'static' });
    await clientOf(gateway, 'static').initialize();
    await clientOf(gateway, await server().sign({ aud: gateway.url.href })).initialize();
    expect(gateway.sessions().map(({ context }) => context.identity.kind)).to.have.members(['token', 'jwt']);
  });

  it('let in clients of the stateless era', async () => {
    const gateway = await start({ affinity: 'principal' });
    const token = await server().sign({ aud: gateway.url.href });
    const caller = new StatelessCaller(gateway.url, { token });
    expect(textIn(await caller.call('keep', { value: 'a' }))).to.include('"before":null');
    expect(textIn(await caller.call('keep', { value: 'b' }))).to.include('"before":"a"');
  });
});

describe('An authorization server', () => {
  it('that has new keys is asked for them, and one that is down is not missed by whose keys are known', async () => {
    const [first, second, third] = await Promise.all(['first', 'second', 'third'].map(signingKey));
    const server = new AuthorizationServer();
    afterThisTest(() => server.stop());
    await server.start(first!);
    const gateway = await startGateway({ serverModule, authIssuer: [server.issuer] });
    const aud = gateway.url.href;
    const enter = async (key = first!, jti = key.id): Promise<number> => {
      const response = await clientOf(gateway, await server.sign({ aud, jti }, { key })).post(
        initializeRequest(1),
      );
      await response.text();
      return response.status;
    };
    expect(await enter()).to.equal(200);
    await server.stop();
    expect(await enter(first, 'while it is down'), 'a known key').to.equal(200);
    const unknown = await clientOf(gateway, await server.sign({ aud }, { key: second! })).post(
      initializeRequest(1),
    );
    await unknown.text();
    // Its keys were fetched a moment ago, so that it is not asked again so soon.
    expect(unknown.status, 'an unknown key').to.equal(401);
    await server.start(second!, first!);
    const another = await startGateway({ serverModule, authIssuer: [server.issuer] });
    const token = await server.sign({ aud: another.url.href }, { key: second! });
    await clientOf(another, token).initialize();
    const strange = await server.sign({ aud: another.url.href }, { key: third! });
    await refused(another, strange);
  });

  it('that is down from the start lets nobody in, and says when to try again', async () => {
    const server = new AuthorizationServer();
    afterThisTest(() => server.stop());
    await server.start();
    const gateway = await startGateway({ serverModule, authIssuer: [server.issuer] });
    const token = await server.sign({ aud: gateway.url.href });
    await server.stop();
    const response = await refused(gateway, token, 503);
    expect(Number(response.headers['retry-after'])).to.be.within(1, 60);
    expect(gateway.sessions()).to.have.length(0);
  });
});

describe('Opaque access tokens', () => {
  const server = sharedAuthorizationServer({ accessTokenFormat: 'opaque' });

  it('are what the authorization server says of them, until they are revoked', async () => {
    const gateway = await startGateway({
      serverModule,
      authIssuer: [server().issuer],
      ...server().introspection,
    });
    const token = await server().issue(gateway.url.href, 'read');
    expect(token).not.to.include('.');
    await clientOf(gateway, token).initialize();
    expect(gateway.sessions()[0]?.context.identity).to.deep.include({
      kind: 'introspected',
      subject: 'machine',
      scopes: ['read'],
    });
    await server().revoke(token);
    const fresh = await startGateway({
      serverModule,
      authIssuer: [server().issuer],
      ...server().introspection,
    });
    const response = await refused(fresh, token);
    expect(challengeOf(response).error_description).to.include('revoked');
  });

  it('are refused where they are for another server', async () => {
    const gateway = await startGateway({
      serverModule,
      authIssuer: [server().issuer],
      ...server().introspection,
    });
    const response = await refused(gateway, await server().issue('https://other.example/mcp'));
    expect(challengeOf(response).error_description).to.include('audience');
  });

  it('are unknown where the gateway has no client id', async () => {
    const gateway = await startGateway({ serverModule, authIssuer: [server().issuer] });
    await refused(gateway, await server().issue(gateway.url.href));
  });
});

function seconds(): number {
  return Math.floor(Date.now() / 1_000);
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function unsigned(claims: object): string {
  return `${encoded({ alg: 'none', typ: 'at+jwt' })}.${encoded(claims)}.`;
}

/** What a library accepts that takes the public key for the secret of HS256. */
function signedBySecret(claims: object, { jwk, id }: SigningKey): string {
  const secret = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const text = `${encoded({ alg: 'HS256', typ: 'at+jwt', kid: id })}.${encoded(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
