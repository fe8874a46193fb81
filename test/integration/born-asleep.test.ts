import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { BulkheadError } from '../../src/index.js';
import { afterThisTest } from '../support/cleanup.js';
import { collect, once } from '../support/events.js';
import { connectedClient, type Gateway, type GatewayOptions, startGateway } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { fixtureModule } from '../support/modules.js';
import { type RawClient, textOf } from '../support/raw-client.js';
import { asleep, ofSession, startSleepyGateway, stateOf } from '../support/sleep.js';

const MANY = 50;
const LISTS = ['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'];

describe('a session of a static module', () => {
  it('claims no thread before its first call', async () => {
    const gateway = await startStaticGateway();
    const claims = collect(gateway.events, 'thread-claimed');
    const client = await connectedClient(gateway);
    const { stream } = await client.get();
    for (const method of [...LISTS, 'ping']) await client.ask(method);
    expect(stateOf(gateway, client)).to.equal('asleep');
    expect(claims).to.deep.equal([]);
    const woke = once(gateway.events, 'session-woke', ofSession(client));
    expect(textOf(await client.call('echo', { text: 'awake' }))).to.equal('awake');
    expect((await woke).wakeMs).to.be.above(0);
    expect(claims).to.have.length(1);
    expect(stateOf(gateway, client)).to.equal('awake');
    expect(stream.messages).to.deep.equal([]);
  });

  it('claims none over the legacy transport either', async () => {
    const gateway = await startStaticGateway();
    const claims = collect(gateway.events, 'thread-claimed');
    const client = await LegacyClient.connect(gateway);
    for (const method of [...LISTS, 'ping']) await client.ask({ jsonrpc: '2.0', id: method, method });
    expect(claims).to.deep.equal([]);
    expect(textOf(await client.call('call', 'echo', { text: 'awake' }))).to.equal('awake');
    expect(claims).to.have.length(1);
  });

  it('is one of many that a single thread is enough for', async () => {
    const gateway = await startStaticGateway({ maxThreads: 1 });
    const claims = collect(gateway.events, 'thread-claimed');
    const clients = await Promise.all(Array.from({ length: MANY }, () => connectedClient(gateway)));
    const lists = await Promise.all(clients.map((client) => client.ask('tools/list')));
    expect(new Set(lists.map(({ result }) => JSON.stringify(result))).size).to.equal(1);
    expect(gateway.snapshot().sessions).to.include({ asleep: MANY, awake: 0, waking: 0 });
    expect(claims).to.deep.equal([]);
  });

  it('answers lists at once while its thread is busy, and counts them as requests', async () => {
    const gateway = await startStaticGateway();
    const client = await connectedClient(gateway);
    const slow = client.call('slow', { ms: 1_000 }, { id: 'slow' });
    await once(gateway.events, 'request-started');
    const finished = collect(gateway.events, 'request-finished');
    const listed = await client.ask('tools/list');
    expect(finished.map(({ method }) => method)).to.deep.equal(['tools/list']);
    expect(listed.result?.tools).to.be.an('array');
    const duplicate = await client.ask('tools/list', undefined, { id: 'slow' });
    expect(duplicate.error?.message).to.match(/in flight already/);
    expect(textOf(await slow)).to.equal('waited 1000');
  });

  it('that changes a list is served by its own thread from then on, and others are not', async () => {
    const gateway = await startStaticGateway({ sleepAfter: '200ms' });
    const [client, other] = [await connectedClient(gateway), await connectedClient(gateway)];
    const before = await toolsOf(client!);
    const { stream } = await client!.get();
    await client!.call('learn', { name: 'juggle' });
    await stream.message(({ method }) => method === 'notifications/tools/list_changed', 'the change');
    expect(await toolsOf(client!)).to.deep.equal([...before, 'juggle']);
    expect(textOf(await client!.call('juggle'))).to.equal('I can juggle');
    const claims = collect(gateway.events, 'thread-claimed');
    expect(await toolsOf(other!)).to.deep.equal(before);
    expect(stateOf(gateway, other!)).to.equal('asleep');
    await asleep(gateway, client!);
    expect(claims).to.deep.equal([]);
    // The tool is gone with the thread, but the lists stay the session's own.
    expect(await toolsOf(client!)).to.deep.equal(before);
    expect(claims).to.have.length(1);
  });

  it('ends unused without ever having had a thread', async () => {
    const gateway = await startStaticGateway({ sessionIdle: '15s' });
    const claims = collect(gateway.events, 'thread-claimed');
    const client = await connectedClient(gateway);
    const ended = await once(gateway.events, 'session-ended', ofSession(client));
    expect(ended).to.include({ reason: 'unused', requests: 1 });
    expect(claims).to.deep.equal([]);
  });
});

describe('a static module', () => {
  it('whose list comes in pages has it served by threads, page by page', async () => {
    const gateway = await startStaticGateway({ serverModule: fixtureModule('moody-static') });
    const claims = collect(gateway.events, 'thread-claimed');
    const client = await connectedClient(gateway);
    const first = await client.ask('tools/list');
    expect(claims).to.have.length(1);
    expect(first.result?.nextCursor).to.equal('more');
    const second = await client.ask('tools/list', { cursor: 'more' });
    expect(second.result?.tools).to.deep.equal([{ name: 'second', inputSchema: { type: 'object' } }]);
  });

  it('that could not list something at start is asked again by each session', async () => {
    const gateway = await startStaticGateway({ serverModule: fixtureModule('moody-static') });
    const client = await connectedClient(gateway);
    const { result, error } = await client.ask('resources/list');
    expect(error).to.equal(undefined);
    expect(result?.resources).to.deep.equal([{ name: 'one', uri: 'mood://one' }]);
  });

  for (const [key, value, sentence] of [
    ['lists', "'dynamic'", /wrong `lists`; it must be 'static', or leave it out$/],
    ['lists', 'true', /wrong `lists`; it must be 'static', or leave it out$/],
    ['sleep', "'no'", /wrong `sleep`; it must be true or false$/],
    ['sleep', 'null', /wrong `sleep`; it must be true or false$/],
    ['onSleep', "'tidy up'", /wrong `onSleep`; it must be a function, or leave it out$/],
  ] as const) {
    it(`is refused at start with one sentence where it says ${key}: ${value}`, async () => {
      const source = `export default { name: 'odd', version: '1', ${key}: ${value}, setup() {} };`;
      const refusal = await startGateway({ serverModule: temporaryModule(source) }).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).to.be.instanceOf(BulkheadError);
      expect(refusal).to.include({ code: 'ERR_BULKHEAD_SERVER_MODULE' });
      expect((refusal as Error).message)
        .to.match(sentence)
        .and.not.include('\n');
    });
  }
});

function startStaticGateway(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  return startSleepyGateway({ serverModule: fixtureModule('sleepy-static'), sleepAfter: '1h', ...options });
}

async function toolsOf(client: RawClient): Promise<string[]> {
  const { result } = await client.ask('tools/list');
  return (result!.tools as { name: string }[]).map(({ name }) => name);
}

function temporaryModule(source: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-odd-'));
  afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'odd.mjs'), source);
  return pathToFileURL(join(folder, 'odd.mjs'));
}
