/** The whole way of a client: 401, discovery, registration, sign-in with PKCE, a call, a refresh in the middle of its session. */
import * as sdk2 from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect } from 'chai';
import { sharedAuthorizationServer } from '../support/authorization-server.js';
import { afterThisTest } from '../support/cleanup.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { signIn } from '../support/signed-in-browser.js';

const PAGE = 'http://127.0.0.1:41973/callback';

/** What a client keeps, for the SDKs of both kinds: they ask for the same. */
class Keeper {
  readonly redirectUrl = PAGE;
  readonly clientMetadata = {
    client_name: 'a test',
    redirect_uris: [PAGE],
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  };
  /** The code that the last sign-in gave. */
  code: string | undefined;
  iss: string | undefined;
  signIns: URL[] = [];
  kept: { access_token: string; refresh_token?: string; scope?: string; token_type: string } | undefined;
  #registered: { client_id: string } | undefined;
  #discovered: undefined;
  #verifier = '';

  clientInformation() {
    return this.#registered;
  }

  saveClientInformation(registered: { client_id: string }): void {
    this.#registered = registered;
  }

  tokens() {
    return this.kept;
  }

  saveTokens(tokens: { access_token: string; token_type: string }): void {
    this.kept = tokens;
  }

  async redirectToAuthorization(url: URL): Promise<void> {
    this.signIns.push(url);
    const { searchParams } = await signIn(url, PAGE);
    this.code = searchParams.get('code') ?? undefined;
    this.iss = searchParams.get('iss') ?? undefined;
  }

  saveDiscoveryState(state: never): void {
    this.#discovered = state;
  }

  discoveryState() {
    return this.#discovered;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }
}

interface Connected {
  call(name: string, args: Record<string, unknown>): Promise<string>;
}

type Connect = (gateway: Gateway, keeper: Keeper) => Promise<Connected>;

const connectSdk1: Connect = async ({ url }, keeper) => {
  const transport = () => new StreamableHTTPClientTransport(url, { authProvider: keeper });
  const first = transport();
  const refused = await new Client({ name: 'sdk1', version: '1' }).connect(first).then(
    () => undefined,
    (error: Error) => error,
  );
  expect(refused?.constructor.name).to.equal('UnauthorizedError');
  await first.finishAuth(keeper.code!);
  await first.close();
  const client = new Client({ name: 'sdk1', version: '1' });
  await client.connect(transport());
  afterThisTest(() => client.close());
  return {
    async call(name, args) {
      const { content } = await client.callTool({ name, arguments: args });
      return (content as { text: string }[])[0]!.text;
    },
  };
};

const connectSdk2 =
  (mode: 'auto' | 'legacy'): Connect =>
  async ({ url }, keeper) => {
    const transport = () => new sdk2.StreamableHTTPClientTransport(url, { authProvider: keeper });
    const options = mode === 'auto' ? { versionNegotiation: { mode: 'auto' as const } } : {};
    const create = () => new sdk2.Client({ name: 'sdk2', version: '1' }, options);
    const first = transport();
    const refused = await create()
      .connect(first)
      .then(
        () => undefined,
        (error: Error) => error,
      );
    expect(refused?.constructor.name).to.equal('UnauthorizedError');
    await first.finishAuth(keeper.code!, keeper.iss);
    await first.close();
    const client = create();
    await client.connect(transport());
    afterThisTest(() => client.close());
    return {
      async call(name, args) {
        const { content } = await client.callTool({ name, arguments: args });
        return (content as { text: string }[])[0]!.text;
      },
    };
  };

describe('A client that signs in at an authorization server', () => {
  const server = sharedAuthorizationServer();

  for (const [what, connect] of [
    ['SDK 1', connectSdk1],
    ['SDK 2, session era', connectSdk2('legacy')],
    ['SDK 2, stateless era', connectSdk2('auto')],
  ] as const) {
    it(`finds its way from the address of a server alone, and goes on after a refresh: ${what}`, async () => {
      const gateway = await startGateway({
        serverModule: fixtureModule('affinity'),
        authIssuer: [server().issuer],
        authScopes: ['read'],
        affinity: 'principal',
      });
      const keeper = new Keeper();
      const client = await connect(gateway, keeper);
      expect(keeper.signIns).to.have.length(1);
      const [asked] = keeper.signIns;
      expect(asked?.searchParams.get('resource')).to.equal(gateway.url.href);
      expect(asked?.searchParams.get('scope')).to.include('read');
      expect(asked?.searchParams.get('code_challenge_method')).to.equal('S256');
      expect(await client.call('keep', { value: 'mine' })).to.include('"before":null');
      const before = gateway.sessions().map(({ context }) => context.sessionId);
      // As if it had expired: it is refused, and the client has a refresh token.
      keeper.kept = { ...keeper.kept!, access_token: `${keeper.kept!.access_token.slice(0, -6)}AAAAAA` };
      expect(await client.call('keep', { value: 'again' })).to.include('"before":"mine"');
      expect(keeper.signIns, 'it did not have to sign in again').to.have.length(1);
      const identities = gateway
        .sessions()
        .map(({ context }) => [context.sessionId, context.identity.subject]);
      expect(identities).to.deep.equal(before.map((id) => [id, 'ada']));
    });
  }
});
