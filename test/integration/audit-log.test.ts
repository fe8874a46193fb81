/** The audit log: a line for each request, in the file before the client has the answer. */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { eventIdSuffix } from '../../src/delivery/event-id.js';
import type { Authentication } from '../../src/index.js';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import { expectRejection } from '../support/expectations.js';
import { type Gateway, type GatewayOptions, rawClient, startGateway } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { fixtureModule, joined, toolsModule } from '../support/modules.js';
import { initializeRequest, textOf, toolCall } from '../support/raw-client.js';
import { StatelessCaller } from '../support/stateless-caller.js';

const FULL = '/dev/full';
const SECRET = 's3cret-t0ken-of-ada';

interface Line {
  readonly [member: string]: unknown;
  readonly principal: { readonly issuer: string; readonly subject: string; readonly kind: string };
}

function authenticate({ headers }: IncomingMessage): Authentication {
  return headers.authorization === `Bearer ${SECRET}`
    ? { issuer: 'https://issuer.example', subject: 'ada' }
    : { subject: 'bob' };
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'bulkhead-audit-'));
  afterThisTest(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const linesOf = (path: string): Line[] => {
  const text = readFileSync(path, 'utf8');
  expect(text === '' || text.endsWith('\n')).to.equal(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
};

async function audited(options: Partial<GatewayOptions> = {}): Promise<{ gateway: Gateway; path: string }> {
  const path = join(folder(), 'audit.log');
  const gateway = await startGateway({
    serverModule: fixtureModule('ruled'),
    affinity: 'request',
    authenticate,
    auditLog: path,
    ...options,
  });
  return { gateway, path };
}

const asAda = { headers: { authorization: `Bearer ${SECRET}` } };

describe('The audit log', () => {
  it('has a line for each request when the client has its answer, with who asked what and what became of it', async () => {
    const { gateway, path } = await audited({
      rules: [
        { effect: 'deny', tools: 'env' },
        { tools: 'secret', scopes: 'x' },
      ],
    });
    const client = rawClient(gateway, asAda);
    await client.initialize();
    expect(linesOf(path)).to.have.length(1);
    await client.ask('tools/list');
    expect(linesOf(path)).to.have.length(2);
    expect(textOf(await client.call('echo', { text: 'hello' }))).to.equal('hello');
    expect(linesOf(path)).to.have.length(3);
    await client.call('env');
    expect(linesOf(path)).to.have.length(4);
    await expectRejection(await client.post(toolCall(9, 'secret')), 403);
    await client.ask('ping');
    const [first, list, call, denied, scope, ...rest] = linesOf(path);
    expect(rest).to.deep.equal([]);
    const server = gateway.servers()[0]!.name;
    const common = {
      principal: { issuer: 'https://issuer.example', subject: 'ada', kind: 'program' },
      address: '127.0.0.1',
      server,
      era: 'session',
      session: client.sessionId,
    };
    expect(first).to.deep.include({ method: 'initialize', decision: 'allowed', outcome: 'ok' });
    expect(first).to.not.have.property('session');
    expect(list).to.deep.include({ ...common, method: 'tools/list', outcome: 'ok' });
    expect(call).to.deep.include({ ...common, method: 'tools/call', tool: 'echo', outcome: 'ok' });
    expect(call).to.not.have.property('arguments');
    for (const member of ['durationMs', 'bytesIn', 'bytesOut'])
      expect(call![member], member).to.be.a('number').above(0);
    expect(Date.parse(String(call!.time))).to.be.closeTo(Date.now(), 60_000);
    expect(denied).to.deep.include({
      ...common,
      tool: 'env',
      decision: 'refused',
      rule: 0,
      reason: 'unknown_tool',
    });
    expect(scope).to.deep.include({ ...common, tool: 'secret', decision: 'refused', rule: 1 });
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(readFileSync(path, 'utf8')).to.not.include(SECRET);
  });

  it('has a line for whoever is not let in, and for whoever names a session that is not his', async () => {
    const { gateway, path } = await audited({
      authenticate: ({ headers }) => (headers.authorization === undefined ? null : { subject: 'eve' }),
    });
    const server = gateway.servers()[0]!.name;
    const given = 'x'.repeat(300);
    const nobody = await rawClient(gateway).post(initializeRequest(1), { 'mcp-session-id': given });
    await expectRejection(nobody, 401);
    const eve = rawClient(gateway, asAda);
    const headers = { 'mcp-session-id': 'somebody-elses', 'mcp-protocol-version': '2025-11-25' };
    const eventId = `1${eventIdSuffix('2', [1])}`;
    await expectRejection(await eve.post(toolCall(1, 'echo'), headers), 404);
    await expectRejection(await eve.send('DELETE', undefined, headers), 404);
    await (await eve.send('GET', undefined, { ...headers, 'last-event-id': eventId })).text();
    const legacy = new URL('/messages?sessionId=somebody-elses', gateway.url);
    await expectRejection(await eve.send('POST', JSON.stringify(toolCall(2, 'echo')), {}, legacy), 404);
    await expectRejection(await eve.send('POST', '{}', {}, new URL('/no/mcp', gateway.url)), 404);
    const [first, ...others] = linesOf(path).map(({ time, ...facts }) => facts);
    const refused = { address: '127.0.0.1', server, decision: 'refused' };
    expect(first).to.deep.equal({ ...refused, session: given.slice(0, 100), reason: 'unauthorized' });
    const principal = { issuer: 'local', subject: 'eve', kind: 'program' };
    const unknown = { ...refused, principal, session: 'somebody-elses', reason: 'session_unknown' };
    expect(others).to.deep.equal([unknown, unknown, unknown, unknown]);
  });

  it('is written in the stateless era and over HTTP+SSE too, and for tools that fail', async () => {
    const { gateway, path } = await audited({ affinity: 'request' });
    const caller = new StatelessCaller(new URL('/mcp', gateway.url));
    await caller.request('server/discover');
    await caller.request('tools/list');
    await caller.call('echo', { text: 'x' });
    await caller.call('echo', { text: 7 });
    const legacy = await LegacyClient.connect(gateway);
    await legacy.call('a', 'echo', { text: 'x' });
    const seen = linesOf(path).map(({ era, method, tool, outcome }) => [era, method, tool, outcome]);
    expect(seen.slice(0, 3)).to.deep.equal([
      ['stateless', 'server/discover', undefined, 'ok'],
      ['stateless', 'tools/list', undefined, 'ok'],
      ['stateless', 'tools/call', 'echo', 'ok'],
    ]);
    expect(seen[3]![3]).to.be.oneOf(['error', 'tool_error']);
    expect(seen.slice(4)).to.deep.equal([
      ['session', 'initialize', undefined, 'ok'],
      ['session', 'tools/call', 'echo', 'ok'],
    ]);
  });

  it('has arguments of the tools that are named, without what is secret', async () => {
    const { gateway, path } = await audited({
      auditArguments: ['*/echo'],
      auditRedact: ['pin', '/\\b\\d{4}-\\d{4}\\b/'],
    });
    const client = rawClient(gateway, asAda);
    await client.initialize();
    await client.call('echo', {
      text: 'card 1234-5678 of ada\u0085\n',
      pin: 12,
      deep: [{ API_Key: 'k', accessToken: { a: 1 } }],
      long: 'x'.repeat(2_000),
    });
    await client.call('count', { text: 'x' });
    const [, call, other] = linesOf(path);
    expect(call!.arguments).to.deep.include({
      text: 'card [redacted] of ada\u0085\n',
      pin: '[redacted]',
      deep: [{ API_Key: '[redacted]', accessToken: '[redacted]' }],
    });
    expect((call!.arguments as { long: string }).long).to.have.length.within(900, 1_010);
    expect(readFileSync(path, 'utf8')).to.not.include('\u0085');
    expect(other).to.not.have.property('arguments');
  });

  it('has the processor time of what ran for a request, where the system says it', async function () {
    if (process.platform !== 'linux') this.skip();
    const { gateway, path } = await audited({ serverModule: toolsModule });
    const client = rawClient(gateway, asAda);
    await client.initialize();
    await client.call('spin', { ms: 300 });
    const { durationMs, processorMs } = linesOf(path).at(-1)!;
    expect(processorMs).to.be.within(5, Number(durationMs) + 50);
  });

  it('leaves arguments out if a pattern takes too long, and goes on', async () => {
    const { gateway, path } = await audited({ auditArguments: ['*/*'], auditRedact: ['/(a+)+$/'] });
    const client = rawClient(gateway);
    await client.initialize();
    const before = performance.now();
    await client.call('echo', { text: `${'a'.repeat(5_000)}!` });
    expect(performance.now() - before).to.be.below(5_000);
    const [, call] = linesOf(path);
    expect(call!.arguments).to.equal('[not recorded: the patterns of audit-redact take too long]');
  });

  it('loses no line when it is renamed under load', async () => {
    const { gateway, path } = await audited({ rules: [{ effect: 'deny', tools: 'env' }] });
    const clients = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const client = rawClient(gateway);
        await client.initialize();
        return client;
      }),
    );
    let calls = 0;
    const work = clients.map(async (client, index) => {
      for (let time = 0; time < 100; time += 1) {
        await client.call(index % 2 === 0 ? 'echo' : 'env', { text: 'x' });
        calls += 1;
      }
    });
    const renamed: string[] = [];
    const rotate = async (): Promise<void> => {
      while (renamed.length < 5) {
        const wanted = (renamed.length + 1) * 60;
        while (calls < wanted) await new Promise((resolve) => setImmediate(resolve));
        const old = `${path}.${renamed.length}`;
        renameSync(path, old);
        renamed.push(old);
        if (renamed.length % 2 === 0) gateway.reopenAuditLog();
        else await gateway.reload();
        expect(existsSync(path)).to.equal(true);
      }
    };
    await Promise.all([...work, rotate()]);
    const lines = [...renamed, path].flatMap(linesOf);
    expect(lines.filter(({ method }) => method === 'tools/call')).to.have.length(400);
    expect(lines.filter(({ decision }) => decision === 'refused')).to.have.length(200);
  });

  it('reports loudly that it cannot be written, and serves nevertheless', async () => {
    const errors: string[] = [];
    const { gateway } = await audited({ auditLog: FULL });
    gateway.events.on('notice', ({ level, message }) => {
      if (level === 'error') errors.push(message);
    });
    const client = rawClient(gateway);
    await client.initialize();
    for (let time = 0; time < 5; time += 1)
      expect(textOf(await client.call('echo', { text: 'x' }))).to.equal('x');
    expect(errors).to.have.length(1);
    expect(errors[0]).to.match(
      /^the audit log cannot be written, and requests are served without a record: ENOSPC/,
    );
    expect((await gateway.metrics()).body).to.include('bulkhead_audit_write_failures_total 6');
  });

  it('refuses what it cannot record, if it must: nothing is started', async () => {
    const { gateway } = await audited({ auditLog: FULL, auditRequired: true });
    let claims = 0;
    gateway.events.on('thread-claimed', () => {
      claims += 1;
    });
    const { error } = await expectRejection(await rawClient(gateway).post(initializeRequest(1)), 503);
    expect(error?.data).to.deep.equal({ reason: 'audit_failed' });
    const reply = await new StatelessCaller(new URL('/mcp', gateway.url)).call('count');
    expect([reply.status, reply.error?.data?.reason]).to.deep.equal([200, 'audit_failed']);
    expect(claims).to.equal(0);
    expect(gateway.sessions()).to.deep.equal([]);
  });

  it('has a line before a request is served, if it must', async () => {
    const { gateway, path } = await audited({ auditRequired: true });
    const client = rawClient(gateway);
    await client.initialize();
    await client.call('echo', { text: 'x' });
    expect(linesOf(path).map(({ method, outcome }) => [method, outcome])).to.deep.equal([
      ['initialize', 'begun'],
      ['initialize', 'ok'],
      ['tools/call', 'begun'],
      ['tools/call', 'ok'],
    ]);
  });

  it('goes on in a new file at SIGUSR2 and at SIGHUP', async function () {
    if (process.platform === 'win32') this.skip();
    const path = join(folder(), 'audit.log');
    const module = fileURLToPath(joined(fixtureModule('ruled')));
    const flags = ['--port', '0', '--admin-port', '0', '--audit-log', path, '--audit-required'];
    const cli = startCli(['serve', module, ...flags]);
    const [, url = ''] = await cli.printed('stdout', /MCP server\s+(\S+)/);
    const client = rawClient({ url: new URL(url) });
    await client.initialize();
    for (const signal of ['SIGUSR2', 'SIGHUP'] as const) {
      renameSync(path, `${path}.${signal}`);
      cli.child.kill(signal);
      await until(() => existsSync(path), `a new file after ${signal}`);
      await client.call('echo', { text: 'x' });
      expect(linesOf(path)).to.have.length(2);
    }
    expect(linesOf(`${path}.SIGUSR2`)).to.have.length(2);
  });

  it('says what a dry run would have refused', async () => {
    const { gateway, path } = await audited({ rules: [{ effect: 'deny', tools: 'env' }], policy: 'dry-run' });
    const client = rawClient(gateway);
    await client.initialize();
    await client.call('env', { names: [] });
    expect(linesOf(path).at(-1)).to.deep.include({
      decision: 'allowed',
      wouldRefuse: 'unknown_tool',
      rule: 0,
      outcome: 'ok',
    });
  });
});
