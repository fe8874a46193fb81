/** Modules that make the server of a session themselves: with either SDK, with fastmcp, or with neither. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createGateway } from '../../src/index.js';
import { afterThisTest } from '../support/cleanup.js';
import { withDeadline } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { expectError } from '../support/expectations.js';
import type { Gateway } from '../support/gateway.js';
import { fixtureModule, joined } from '../support/modules.js';
import { allServed, sessionOf, startCatalogue } from '../support/programs.js';
import { RawClient, textOf } from '../support/raw-client.js';
import { asleep, ofSession } from '../support/sleep.js';

const KINDS = ['sdk1', 'sdk1-low-level', 'sdk2', 'sdk2-low-level', 'fast-mcp', 'own-object'] as const;
const VERSIONS = {
  sdk1: '1.1.1',
  'sdk1-low-level': '1.1.2',
  sdk2: '2.2.1',
  'sdk2-low-level': '2.2.2',
  'fast-mcp': '4.4.4',
  'own-object': '0.0.1',
};
/** Speaking for the others: where they run makes no difference to them. One of an SDK is served in a process further below. */
const IN_PROCESSES = ['own-object'] as const;
const RULES = { deny: ['spin'], rename: { count: 'number' } };
const START_DEADLINE_MS = 40_000;
const CANCEL_GRACE_MS = 500;
type Initialized = Awaited<ReturnType<RawClient['initialize']>>;

const entry = (kind: string, more: object = {}) => ({
  module: fileURLToPath(joined(fixtureModule(`created/${kind}`))),
  ...more,
});

/** Each kind under its own name, with rules for its tools, and, for some, in processes. */
const servers = {
  ...Object.fromEntries(KINDS.map((kind) => [kind, entry(kind, { isolation: 'thread' })])),
  ...Object.fromEntries(KINDS.map((kind) => [`${kind}-ruled`, entry(kind, { tools: RULES })])),
  ...Object.fromEntries(
    IN_PROCESSES.map((kind) => [`${kind}-process`, entry(kind, { isolation: 'process' })]),
  ),
};

describe('a module that creates its server', () => {
  let gateway: Gateway;

  before('start the gateway', async function () {
    this.timeout(2 * START_DEADLINE_MS);
    gateway = await createGateway({
      port: 0,
      adminPort: 0,
      logLevel: 'silent',
      spareThreads: 0,
      maxThreads: 64,
      bundle: false,
      cancelGrace: CANCEL_GRACE_MS,
      errors: 'full',
      servers,
    });
    await allServed(gateway, START_DEADLINE_MS);
  });

  after('kill the gateway', async () => {
    await withDeadline(gateway.kill(), 'gateway.kill()');
  });

  for (const kind of [...KINDS, ...IN_PROCESSES.map((name) => `${name}-process` as const)]) {
    describe(kind, () => {
      const session = () => sessionOf(gateway, kind);
      /** One session for all that leaves nothing in it but a count; it is every other session's neighbour. */
      let client: RawClient;
      let initialized: Initialized;
      const counted = async () => Number(textOf(await client.call('count')));

      before('open a session', async () => {
        client = new RawClient(new URL(`/${kind}/mcp`, gateway.url));
        initialized = await client.initialize(undefined, { elicitation: { form: {} } });
      });

      after('let its client go', () => client.destroy());

      it('says its own name, and lists and serves its own tools', async () => {
        const name = kind.replace('-process', '') as keyof typeof VERSIONS;
        expect(initialized.result?.serverInfo).to.deep.include({ name, version: VERSIONS[name] });
        expect(await toolsOf(client))
          .to.include.members(['count', 'ask'])
          .and.not.include('grown');
        expect(await counted())
          .to.be.a('number')
          .that.is.at.least(1);
      });

      it('has a thread of its own for each session', async () => {
        const count = await counted();
        const other = await session();
        for (const number of ['1', '2', '3']) expect(textOf(await other.call('count'))).to.equal(number);
        expect(await counted()).to.equal(count + 1);
      });

      it('is known by the key of the request that runs', async () => {
        const started = once(gateway.events, 'request-started', ({ tool }) => tool === 'key');
        const [answer, { key }] = await Promise.all([client.call('key'), started]);
        expect(textOf(answer)).to.equal(`${key} ${key}`);
      });

      it('asks its client while a tool runs, on the stream of the call', async () => {
        const { id, stream } = await client.openCall('ask');
        const question = await stream.message(({ method }) => method === 'elicitation/create');
        expect(question.params?.message).to.equal('Who are you?');
        await client.respond(question.id as number, { action: 'accept', content: { name: 'Ada' } });
        const answer = await stream.message((message) => message.id === id && message.method === undefined);
        expect(JSON.parse(textOf(answer))).to.deep.equal({ action: 'accept', content: { name: 'Ada' } });
      });

      it('says when its tools change', async () => {
        const growing = await session();
        const { stream } = await growing.get();
        await growing.call('grow');
        await stream.message(({ method }) => method === 'notifications/tools/list_changed');
        expect(await toolsOf(growing)).to.include('grown');
        expect(textOf(await growing.call('grown'))).to.equal('I am new');
        expect(await toolsOf(client)).not.to.include('grown');
      });

      it('sees that a call is cancelled, and goes on', async () => {
        const started = once(gateway.events, 'request-started', ({ tool }) => tool === 'wait');
        const { id } = client.startCall('wait');
        await started;
        await client.notify('notifications/cancelled', { requestId: id });
        expect(textOf(await client.call('aborted'))).to.equal('true');
      });

      it('has in the log the stack of what a tool throws, of which its client gets the message alone', async () => {
        const finished = once(gateway.events, 'request-finished', ({ failure }) => failure !== undefined);
        const answer = JSON.stringify(await client.call('fail'));
        expect(answer).to.include('on purpose').and.not.include('behaviour');
        const { message, stack } = await finished;
        expect(message).to.include('on purpose');
        // It makes a result of what a tool throws before that can be seen.
        if (kind !== 'fast-mcp') expect(stack).to.match(/^Error: on purpose\n {4}at run \(/);
        else expect(stack).to.equal(undefined);
      });

      // What follows depends on where it runs, not on how it is made.
      if (kind.endsWith('low-level')) return;

      it('loses its thread, and nothing else, to a tool that never returns', async () => {
        const spinning = await session();
        const count = await counted();
        const started = once(gateway.events, 'request-started', ({ tool }) => tool === 'spin');
        const { id } = spinning.startCall('spin');
        await started;
        const exited = once(gateway.events, 'thread-exited', ofSession(spinning));
        await spinning.notify('notifications/cancelled', { requestId: id });
        expect((await exited).cause).to.equal('killed');
        expect(textOf(await spinning.call('count'))).to.equal('1');
        expect(await counted()).to.equal(count + 1);
      });

      it('answers for a call that crashed, and serves the next one', async () => {
        const crashing = await session();
        const count = await counted();
        expectError(await crashing.call('crash'));
        expect(textOf(await crashing.call('count'))).to.equal('1');
        expect(await counted()).to.equal(count + 1);
      });
    });
  }

  for (const kind of KINDS) {
    it(`is seen through the rules for its tools: ${kind}`, async () => {
      const client = await sessionOf(gateway, `${kind}-ruled`);
      const tools = await toolsOf(client);
      expect(tools).to.include('number').and.not.include.members(['spin', 'count']);
      expect(textOf(await client.call('number'))).to.equal('1');
      expectError(await client.call('spin'), -32602);
    });
  }
});

describe('a session whose module creates its server', () => {
  for (const kind of KINDS) {
    it(`sleeps, and is introduced to a new server when it wakes: ${kind}`, async () => {
      const gateway = await startCatalogue({ [kind]: entry(kind) }, { sleepAfter: '100ms' });
      const client = await sessionOf(gateway, kind, { elicitation: { form: {} } });
      const asked = new Set<unknown>();
      for (const number of [1, 2]) {
        const { id, stream } = await client.openCall('ask');
        const question = await stream.message(({ method }) => method === 'elicitation/create');
        // The client may still be answering what the earlier server asked.
        expect(asked.add(question.id).size).to.equal(number);
        await client.respond(question.id as number, { action: 'decline' });
        const answer = await stream.message((message) => message.id === id && message.method === undefined);
        expect(JSON.parse(textOf(answer))).to.deep.equal({ action: 'decline' });
        await asleep(gateway, client);
      }
      expect(textOf(await client.call('count'))).to.equal('1');
    });
  }
});

describe('a module that creates its server, and is bundled', () => {
  it('is served as it is file by file', async () => {
    const gateway = await startCatalogue(
      {
        sdk1: entry('sdk1', { isolation: 'thread' }),
        sdk2: entry('sdk2', { isolation: 'thread' }),
        'sdk2-process': entry('sdk2', { isolation: 'process' }),
        // It imports what is not there, so it is not bundled after all.
        'fast-mcp': entry('fast-mcp'),
      },
      { bundle: true },
    );
    for (const name of ['sdk1', 'sdk2', 'sdk2-process', 'fast-mcp']) {
      const client = await sessionOf(gateway, name);
      expect(textOf(await client.call('count')), name).to.equal('1');
    }
  });
});

describe('the lists of a module that creates its server', () => {
  for (const kind of KINDS) {
    it(`are learned, and given to later sessions without a thread: ${kind}`, async () => {
      const gateway = await startCatalogue({ [kind]: entry(kind, { lists: 'learned' }) });
      const learned = once(gateway.events, 'lists-learned', ({ outcome }) => outcome === 'learned');
      const first = await sessionOf(gateway, kind);
      const tools = await toolsOf(first);
      await learned;
      const started = collect(gateway.events, 'thread-started');
      expect(await toolsOf(await sessionOf(gateway, kind))).to.deep.equal(tools);
      expect(started).to.deep.equal([]);
    });
  }
});

describe('a module whose createServer cannot be used', () => {
  const cases = {
    nothing: ['createServer() {}', /createServer returned undefined; return the server/],
    text: ["createServer: () => 'x'", /createServer returned a string/],
    parts: [
      'createServer: () => ({ server: { connect() {} } })',
      /without connect\(transport\); return its `server`/,
    ],
    other: [
      'createServer: () => ({ start() {} })',
      /without connect\(transport\); return a server of an SDK/,
    ],
    connected: [
      'createServer: () => ({ connect() {}, setRequestHandler() {}, transport: {} })',
      /is connected already; return it without calling connect\(\)/,
    ],
    deaf: [
      'createServer: () => ({ connect: (transport) => transport.start() })',
      /did not set transport.onmessage/,
    ],
    failing: ["createServer() { throw new Error('no database') }", /no database/],
    refusing: ["createServer: () => ({ connect() { throw new Error('not now') } })", /not now/],
    both: ["name: 'x', version: '1', setup() {}, createServer() {}", /both `setup` and `createServer`/],
    value: ['createServer: {}', /`createServer` that is no function/],
    named: ["name: 'x', createServer() {}", /`createServer` and `name`/],
  } as const;

  it('is broken, with a sentence that says why', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bulkhead-created-'));
    afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
    const broken: Record<string, { module: string }> = {};
    for (const [name, [members]] of Object.entries(cases)) {
      const module = join(folder, `${name}.mjs`);
      writeFileSync(module, `export default { ${members} };\n`);
      broken[name] = { module };
    }
    const gateway = await startCatalogue({ ...broken, good: entry('own-object') });
    for (const [name, [, reason]] of Object.entries(cases))
      expect(gateway.servers().find((server) => server.name === name)?.reason).to.match(reason);
    expect(textOf(await (await sessionOf(gateway, 'good')).call('count'))).to.equal('1');
  });
});

async function toolsOf(client: RawClient): Promise<readonly string[]> {
  const { result } = await client.ask('tools/list');
  return ((result?.tools ?? []) as readonly { readonly name: string }[]).map(({ name }) => name);
}
