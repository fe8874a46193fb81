/** What is tested of modules that create their server, whatever they make it with. */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createGateway } from '../../src/index.js';
import { withDeadline } from './deadline.js';
import { collect, once } from './events.js';
import { expectError } from './expectations.js';
import type { Gateway } from './gateway.js';
import { fixtureModule, joined } from './modules.js';
import { allServed, sessionOf, startCatalogue } from './programs.js';
import { RawClient, textOf } from './raw-client.js';
import { asleep, ofSession } from './sleep.js';

const VERSIONS = {
  sdk1: '1.1.1',
  'sdk1-low-level': '1.1.2',
  sdk2: '2.2.1',
  'sdk2-low-level': '2.2.2',
  'fast-mcp': '4.4.4',
  'own-object': '0.0.1',
};
const RULES = { deny: ['spin'], rename: { count: 'number' } };
const START_DEADLINE_MS = 40_000;
const CANCEL_GRACE_MS = 500;

export type CreatedKind = keyof typeof VERSIONS;
export type CreatedServer = CreatedKind | `${CreatedKind}-process`;
type Initialized = Awaited<ReturnType<RawClient['initialize']>>;

/** The entry of `test/fixtures/modules/created/<kind>`. */
export const created = (kind: CreatedKind, more: object = {}) => ({
  module: fileURLToPath(joined(fixtureModule(`created/${kind}`))),
  ...more,
});

const kindOf = (server: CreatedServer) => server.replace(/-process$/, '') as CreatedKind;

/** @param kinds each is served in a thread, and in a process besides if its name ends in `-process` */
export function describeCreatedServers(kinds: readonly CreatedServer[]): void {
  const names = [...new Set(kinds.map(kindOf))];
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
      servers: {
        ...Object.fromEntries(
          kinds.map((kind) => [
            kind,
            created(kindOf(kind), { isolation: kind === kindOf(kind) ? 'thread' : 'process' }),
          ]),
        ),
        ...Object.fromEntries(names.map((kind) => [`${kind}-ruled`, created(kind, { tools: RULES })])),
      },
    });
    await allServed(gateway, START_DEADLINE_MS);
  });

  after('kill the gateway', async () => {
    await withDeadline(gateway.kill(), 'gateway.kill()');
  });

  for (const kind of kinds) {
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
        const name = kindOf(kind);
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

  for (const kind of names) {
    it(`is seen through the rules for its tools: ${kind}`, async () => {
      const client = await sessionOf(gateway, `${kind}-ruled`);
      const tools = await toolsOf(client);
      expect(tools).to.include('number').and.not.include.members(['spin', 'count']);
      expect(textOf(await client.call('number'))).to.equal('1');
      expectError(await client.call('spin'), -32602);
    });
  }
}

export function describeSleepOfCreatedServers(kinds: readonly CreatedKind[]): void {
  for (const kind of kinds) {
    it(`sleeps, and is introduced to a new server when it wakes: ${kind}`, async () => {
      const gateway = await startCatalogue({ [kind]: created(kind) }, { sleepAfter: '100ms' });
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
}

export function describeListsOfCreatedServers(kinds: readonly CreatedKind[]): void {
  for (const kind of kinds) {
    it(`are learned, and given to later sessions without a thread: ${kind}`, async () => {
      const gateway = await startCatalogue({ [kind]: created(kind, { lists: 'learned' }) });
      const learned = once(gateway.events, 'lists-learned', ({ outcome }) => outcome === 'learned');
      const first = await sessionOf(gateway, kind);
      const tools = await toolsOf(first);
      await learned;
      const started = collect(gateway.events, 'thread-started');
      expect(await toolsOf(await sessionOf(gateway, kind))).to.deep.equal(tools);
      expect(started).to.deep.equal([]);
    });
  }
}

async function toolsOf(client: RawClient): Promise<readonly string[]> {
  const { result } = await client.ask('tools/list');
  return ((result?.tools ?? []) as readonly { readonly name: string }[]).map(({ name }) => name);
}
