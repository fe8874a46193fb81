/** Rules for principals: what is not allowed is neither listed nor called, in both eras and over all transports of HTTP. */
import type { IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Authentication } from '../../src/index.js';
import { afterThisTest } from '../support/cleanup.js';
import { expectRejection } from '../support/expectations.js';
import type { Gateway } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { fixtureModule } from '../support/modules.js';
import { inThread, program, sharedCatalogue, startCatalogue } from '../support/programs.js';
import { initializeRequest, RawClient, type RawResponse, textOf, toolCall } from '../support/raw-client.js';
import { type Fields, type Reply, StatelessCaller, textIn } from '../support/stateless-caller.js';

/** Whoever the header names, as JSON. */
function authenticate({ headers }: IncomingMessage): Authentication {
  const user = headers['x-user'];
  return typeof user === 'string' ? JSON.parse(user) : undefined;
}

const headersOf = (subject: string, scopes: readonly string[] = []): { 'x-user': string } => ({
  'x-user': JSON.stringify({ issuer: 'https://issuer.example', subject, scopes }),
});

const module = (name: string, more: object = {}) => ({ module: fileURLToPath(fixtureModule(name)), ...more });

/** Only Ada may do more than echo, and nobody may call `env`. */
const RULES = [
  { effect: 'allow', tools: 'echo' },
  { effect: 'allow', principal: 'ada' },
  { effect: 'deny', tools: 'env' },
  { tools: 'count', scopes: ['count:use', 'count:read'] },
] as const;

const SERVERS = {
  module: module('ruled', { affinity: 'request' }),
  static: module('ruled-static', { affinity: 'request' }),
  process: module('ruled', { isolation: 'process', affinity: 'request' }),
  script: inThread('odd-server.mjs', [], { affinity: 'request' }),
  command: program('odd-server.mjs', [], { affinity: 'request' }),
} as const;

function clientOf(gateway: Pick<Gateway, 'url'>, server: string, headers: Record<string, string>): RawClient {
  const client = new RawClient(new URL(`/${server}/mcp`, gateway.url), { headers });
  afterThisTest(() => client.destroy());
  return client;
}

async function sessionOf(
  gateway: Pick<Gateway, 'url'>,
  server: string,
  headers: Record<string, string>,
): Promise<RawClient> {
  const client = clientOf(gateway, server, headers);
  await client.initialize();
  return client;
}

async function namesIn(client: RawClient): Promise<string[]> {
  const { result } = await client.ask('tools/list');
  return (result!.tools as readonly { readonly name: string }[]).map(({ name }) => name);
}

function namesOf({ result }: Reply): string[] {
  return (result.tools as readonly { readonly name: string }[]).map(({ name }) => name);
}

const callerOf = (
  gateway: Pick<Gateway, 'url'>,
  server: string,
  headers: Record<string, string>,
): { list(): Promise<Reply>; call(name: string, args?: Fields): Promise<Reply> } => {
  const caller = new StatelessCaller(new URL(`/${server}/mcp`, gateway.url));
  return {
    list: () => caller.request('tools/list', {}, { headers }),
    call: (name, args = {}) => caller.call(name, args, {}, { headers }),
  };
};

/** Counts the threads and processes that sessions are given from now on. */
function claimsOf(gateway: Gateway): () => number {
  let claims = 0;
  gateway.events.on('thread-claimed', () => {
    claims += 1;
  });
  return () => claims;
}

describe('Rules for principals', () => {
  const gateway = sharedCatalogue(SERVERS, { rules: RULES, authenticate });

  for (const server of Object.keys(SERVERS)) {
    it(`cut the list of tools to what each principal may use, again and again: ${server}`, async () => {
      for (let time = 0; time < 3; time += 1) {
        const [ada, bob] = await Promise.all([
          sessionOf(gateway(), server, headersOf('ada')),
          sessionOf(gateway(), server, headersOf('bob')),
        ]);
        const lists = await Promise.all([ada, bob, ada, bob].map(namesIn));
        for (const names of [lists[0], lists[2]]) {
          expect(names).to.include.members(['echo', 'count']);
          expect(names).to.not.include('env');
        }
        for (const names of [lists[1], lists[3]]) expect(names).to.deep.equal(['echo']);
        // The server runs now, and answers itself.
        expect(textOf(await bob.call('echo', { text: 'x', message: 'x' }))).to.equal('x');
        expect(await namesIn(bob)).to.deep.equal(['echo']);
        expect(await namesIn(ada)).to.include('count');
      }
    });

    it(`do so without sessions, in private lists: ${server}`, async () => {
      for (let time = 0; time < 3; time += 1) {
        const [ada, bob] = ['ada', 'bob'].map((name) => callerOf(gateway(), server, headersOf(name)));
        const [all, some] = await Promise.all([ada!.list(), bob!.list()]);
        expect(namesOf(all!)).to.include.members(['echo', 'count']).and.not.include('env');
        expect(namesOf(some!)).to.deep.equal(['echo']);
        for (const { result } of [all!, some!]) expect(result.cacheScope).to.equal('private');
        expect(textIn(await bob!.call('echo', { text: 'x', message: 'x' }))).to.equal('x');
      }
    });
  }

  it('never mix the lists of two principals who ask at the same time', async () => {
    const wrong: string[] = [];
    const askInTurn = async (worker: number): Promise<void> => {
      for (let time = 0; time < 25; time += 1) {
        const subject = (worker + time) % 2 === 0 ? 'ada' : 'bob';
        const server = ['module', 'static', 'script'][time % 3]!;
        const names = namesOf(await callerOf(gateway(), server, headersOf(subject)).list());
        if (names.includes('count') !== (subject === 'ada') || names.includes('env'))
          wrong.push(`${subject} ${names}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, worker) => askInTurn(worker)));
    expect(wrong).to.deep.equal([]);
  });

  it('answer calls of what is hidden as of what does not exist, and start nothing for them', async () => {
    const quiet = await startCatalogue(
      { static: SERVERS.static, script: SERVERS.script },
      { rules: RULES, authenticate },
    );
    const bob = await sessionOf(quiet, 'static', headersOf('bob'));
    const claims = claimsOf(quiet);
    for (const name of ['count', 'env', 'nothing']) {
      const { error } = await bob.call(name);
      expect(error).to.deep.include({ code: -32602, message: `MCP error -32602: Tool ${name} not found` });
      const reply = await callerOf(quiet, 'script', headersOf('bob')).call(name);
      expect([reply.status, reply.error?.code]).to.deep.equal([200, -32602]);
    }
    await expectRejection(
      await (await sessionOf(quiet, 'static', headersOf('ada'))).post(toolCall(7, 'count')),
      403,
    );
    expect(claims()).to.equal(0);
    expect(quiet.snapshot().threads.claimed).to.equal(0);
  });

  it('name all scopes that a call needs, and take those of a later token in the same session', async () => {
    const ada = await sessionOf(gateway(), 'module', headersOf('ada'));
    expect(await namesIn(ada)).to.include('count');
    const refused = await ada.post(toolCall(7, 'count'));
    const { error } = await expectRejection(refused, 403);
    expect(error?.data).to.deep.equal({ reason: 'insufficient_scope' });
    expect(refused.headers['www-authenticate']).to.match(
      /^Bearer .*scope="count:use count:read", error="insufficient_scope"/,
    );
    const again = await ada.post(toolCall(8, 'count'), headersOf('ada', ['count:use', 'count:read']));
    expect(textOf(await again.answer(8))).to.equal('1');
    // And not with one of them, nor with those of another.
    await expectRejection(await ada.post(toolCall(9, 'count'), headersOf('ada', ['count:use'])), 403);
    await expectRejection(await ada.post(toolCall(9, 'count'), headersOf('bob', ['count:use'])), 404);
  });

  it('do the same without sessions', async () => {
    const refused = await callerOf(gateway(), 'module', headersOf('ada')).call('count');
    expect([refused.status, refused.error?.data?.reason]).to.deep.equal([403, 'insufficient_scope']);
    const scopes = ['count:use', 'count:read'];
    const allowed = await callerOf(gateway(), 'module', headersOf('ada', scopes)).call('count');
    expect(textIn(allowed)).to.equal('1');
  });

  it('refuse a call that names two tools', async () => {
    const bob = await sessionOf(gateway(), 'command', headersOf('bob'));
    for (const params of ['{"name":"count","name":"echo"}', '{"name":"echo","Name":"count"}']) {
      const body = `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":${params}}`;
      const { error } = await (await bob.post(body)).json();
      expect(error?.code).to.equal(-32600);
    }
  });

  it('refuse all of a batch in which one call is not allowed', async () => {
    const client = clientOf(gateway(), 'module', headersOf('bob'));
    await client.initialize('2025-03-26');
    const response = await client.post(
      JSON.stringify([toolCall(1, 'echo', { text: 'x' }), toolCall(2, 'count')]),
    );
    const answers = JSON.parse(await response.text()) as { id: number; error?: { code: number } }[];
    expect(answers.map(({ id, error }) => [id, error?.code])).to.deep.equal([
      [1, -32602],
      [2, -32602],
    ]);
  });
});

describe('Rules over HTTP+SSE', () => {
  it('cut lists, and answer what is hidden over the stream', async () => {
    const gateway = await startCatalogue({ only: module('ruled') }, { rules: RULES_FOR_EVERYBODY });
    const client = await LegacyClient.connect(gateway);
    const { result } = await client.ask({ jsonrpc: '2.0', id: 'list', method: 'tools/list' });
    expect((result!.tools as { name: string }[]).map(({ name }) => name)).to.deep.equal(['echo', 'count']);
    expect((await client.call('a', 'env')).error).to.deep.include({
      code: -32602,
      message: 'MCP error -32602: Tool env not found',
    });
    await expectRejection(await client.post(toolCall('b', 'count')), 403);
    expect(textOf(await client.call('c', 'echo', { text: 'x' }))).to.equal('x');
  });
});

const RULES_FOR_EVERYBODY = [
  { effect: 'allow', tools: ['echo', 'count'] },
  { tools: 'count', scopes: 'count:use' },
] as const;

describe('A server of which nothing is allowed', () => {
  const rules = [{ effect: 'allow', servers: 'private', principal: 'ada' }] as const;
  const pageFor = async (gateway: Gateway, headers: Record<string, string>): Promise<string> =>
    (await fetch(new URL('/', gateway.url), { headers: { accept: 'text/html', ...headers } })).text();
  const open = (client: RawClient): Promise<RawResponse> => client.post(initializeRequest(1));

  it('looks like one that does not exist', async () => {
    const servers = { open: module('ruled'), private: module('ruled') };
    const gateway = await startCatalogue(servers, { rules, authenticate });
    const [bob, nowhere] = ['private', 'nowhere'].map((name) => clientOf(gateway, name, headersOf('bob')));
    const hidden = await expectRejection(await open(bob!), 404);
    expect(hidden).to.deep.equal(await expectRejection(await open(nowhere!), 404));
    expect(hidden.error?.message).to.include('open').and.not.include('private');
    expect(await pageFor(gateway, headersOf('bob')))
      .to.include('/open/mcp')
      .and.not.include('private');
    expect(await pageFor(gateway, headersOf('ada'))).to.include('/private/mcp');
    await sessionOf(gateway, 'private', headersOf('ada'));
    await sessionOf(gateway, 'open', headersOf('bob'));
    expect(gateway.sessions()).to.have.length(2);
  });

  it('is forbidden where there is no other', async () => {
    const gateway = await startCatalogue({ private: module('ruled') }, { rules, authenticate });
    const { error } = await expectRejection(await open(clientOf(gateway, 'private', headersOf('bob'))), 403);
    expect(error?.data).to.deep.equal({ reason: 'server_not_allowed' });
  });
});

describe('A dry run of rules', () => {
  it('lets through, logs and counts what would have been refused', async () => {
    const gateway = await startCatalogue(SERVERS, { rules: RULES, authenticate, policy: 'dry-run' });
    const notices: unknown[] = [];
    gateway.events.on('notice', ({ message, fields }) => {
      if (message.includes('dry-run')) notices.push(fields);
    });
    const bob = await sessionOf(gateway, 'module', headersOf('bob'));
    expect(await namesIn(bob)).to.include.members(['echo', 'count', 'env']);
    expect(textOf(await bob.call('count'))).to.equal('1');
    expect(notices).to.deep.equal([
      {
        server: 'module',
        method: 'tools/call',
        tool: 'count',
        reason: 'unknown_tool',
        issuer: 'https://issuer.example',
        subject: 'bob',
      },
    ]);
    const { body } = await gateway.metrics();
    expect(body).to.match(
      /bulkhead_rule_refusals_total\{server="module",reason="unknown_tool",enforced="false"\} 1/,
    );
  });
});

describe('Metrics of principals', () => {
  it('count requests and refusals of those that are named, and of no others', async () => {
    const gateway = await startCatalogue(SERVERS, {
      rules: RULES,
      authenticate,
      metricsPrincipals: ['bob', 'https://issuer.example eve'],
    });
    for (const subject of ['ada', 'bob'])
      await (await sessionOf(gateway, 'module', headersOf(subject))).call('env');
    const { body } = await gateway.metrics();
    expect(body).to.include('bulkhead_principal_requests_total{principal="bob"} 2');
    expect(body).to.include('bulkhead_principal_refusals_total{principal="bob",reason="unknown_tool"} 1');
    expect(body).to.include('bulkhead_principal_requests_total{principal="https://issuer.example eve"} 0');
    expect(body).to.not.include('ada');
  });
});
