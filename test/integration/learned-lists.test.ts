/** Lists that the first session of a program learns, and that later sessions are given without a process. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { collect, once } from '../support/events.js';
import { expectError } from '../support/expectations.js';
import type { Gateway } from '../support/gateway.js';
import { temporaryFolder } from '../support/load-files.js';
import { toolsModule } from '../support/modules.js';
import { program, sessionOf, startCatalogue } from '../support/programs.js';
import { initializeRequest, type RawClient, textOf } from '../support/raw-client.js';

interface Lists {
  readonly tools?: readonly string[];
  readonly prompts?: readonly string[];
  readonly initialize?: object;
  readonly reversed?: boolean;
}

/** A gateway with the odd server, and what its processes answer from their start on. */
async function learningGateway(args: readonly string[] = [], entry: object = {}, first: Lists = {}) {
  const file = join(temporaryFolder(), 'lists.json');
  const answers = (lists: Lists | 'broken'): void =>
    writeFileSync(file, JSON.stringify(lists).replace('"broken"', '{'));
  answers(first);
  const servers = { odd: program('odd-server.mjs', [`--lists=${file}`, ...args], entry) };
  const gateway = await startCatalogue(servers);
  return { gateway, answers, started: collect(gateway.events, 'thread-started') };
}

/** The first session, once its lists are known. */
async function teach(gateway: Gateway, capabilities: Record<string, unknown> = {}): Promise<RawClient> {
  const learned = once(gateway.events, 'lists-learned', ({ outcome }) => outcome === 'learned');
  const client = await sessionOf(gateway, 'odd', capabilities);
  await learned;
  return client;
}

async function toolsOf(client: RawClient): Promise<string[]> {
  const { result = {} } = await client.ask('tools/list');
  return (result.tools as { readonly name: string }[]).map(({ name }) => name);
}

/** Another session's `initialize`. */
function opening(client: RawClient, request: object) {
  return client.post(request, { 'mcp-session-id': undefined });
}

/** A client's GET stream, which waits for a notification of this method. */
async function listening(client: RawClient) {
  const { stream } = await client.get();
  return (method: string) => stream.message((message) => message.method === method, method);
}

describe('a session of a program whose lists have been learned', () => {
  it('is given initialize and the lists without a process, to the letter as the program gave them', async () => {
    const capabilities = { tools: {}, prompts: {} };
    const { gateway, started } = await learningGateway(
      [],
      {},
      { prompts: ['ask'], initialize: { capabilities } },
    );
    const own = await teach(gateway);
    const client = await sessionOf(gateway, 'odd');
    for (const method of ['tools/list', 'prompts/list']) {
      const texts = await Promise.all(
        [own, client].map(async (one) =>
          (await one.post({ jsonrpc: '2.0', id: 'same', method })).messageTexts(),
        ),
      );
      expect(texts[1]).to.equal(texts[0]);
    }
    const introductions = await Promise.all(
      [7, 'seven'].map(async (id) => (await opening(client, initializeRequest(id))).text()),
    );
    expect(introductions).to.deep.equal(
      [7, 'seven'].map((id) =>
        JSON.stringify({
          jsonrpc: '2.0',
          id,
          result: {
            protocolVersion: '2025-11-25',
            capabilities,
            serverInfo: { name: 'odd-server', version: '1.0.0' },
          },
        }),
      ),
    );
    expect(gateway.snapshot().sessions.asleep).to.equal(3);
    expect(started).to.have.length(1);
  });

  it('starts a process with its first call, which is told initialize', async () => {
    const { gateway, started } = await learningGateway();
    await teach(gateway);
    const client = await sessionOf(gateway, 'odd');
    const same = once(gateway.events, 'lists-learned');
    expect(textOf(await client.call('count'))).to.equal('1');
    expect((await same).outcome).to.equal('same');
    expect(started).to.have.length(2);
  });

  it('belongs to a hundred clients, for which there is no process', async () => {
    const { gateway } = await learningGateway();
    await (await teach(gateway)).delete();
    await once(gateway.events, 'thread-exited');
    const clients = await Promise.all(Array.from({ length: 100 }, () => sessionOf(gateway, 'odd')));
    for (const client of clients) expect((await client.get()).status).to.equal(200);
    expect(gateway.snapshot()).to.deep.include({ sessions: { ...gateway.snapshot().sessions, asleep: 100 } });
    const { starting, claimed, spare } = gateway.snapshot().processes;
    expect([starting, claimed, spare]).to.deep.equal([0, 0, 0]);
  });

  it('has other capabilities or another version than the first: it starts a process of its own', async () => {
    const { gateway, started } = await learningGateway();
    await teach(gateway);
    await teach(gateway, { sampling: {} });
    expect(started).to.have.length(2);
    await sessionOf(gateway, 'odd', { sampling: {} });
    expect(started).to.have.length(2);
  });

  it('asks a process what is no plain list', async () => {
    const { gateway, started } = await learningGateway();
    await teach(gateway);
    const client = await sessionOf(gateway, 'odd');
    expect((await client.ask('prompts/list')).error?.code).to.equal(-32601);
    expect(started).to.have.length(2);
  });

  it('is served by metrics that know the names of its tools', async () => {
    const { gateway } = await learningGateway();
    await teach(gateway);
    await (await sessionOf(gateway, 'odd')).call('count');
    const metrics = await (await fetch(new URL('/metrics', gateway.adminUrl))).text();
    expect(metrics).to.match(/gen_ai_tool_name="count"/);
  });

  it('gets an error for a call when its program does not start any more, and is served when it does', async () => {
    const { gateway, answers } = await learningGateway();
    await teach(gateway);
    const client = await sessionOf(gateway, 'odd');
    answers('broken');
    const lost = await client.call('count');
    expectError(lost);
    expect(lost.error?.message).to.match(/ended with exit code 1/);
    answers({});
    expect(textOf(await client.call('count'))).to.equal('1');
  });
});

describe('what was learned of a program', () => {
  it('is replaced when a woken process answers differently, and sessions that were given it are told', async () => {
    const { gateway, answers, started } = await learningGateway();
    const first = await teach(gateway);
    const [woken, asleep] = [await sessionOf(gateway, 'odd'), await sessionOf(gateway, 'odd')];
    expect(await toolsOf(asleep)).not.to.include('new');
    const hear = [await listening(woken), await listening(asleep)];
    answers({ tools: ['new'] });
    await woken.call('count');
    for (const one of hear) await one('notifications/tools/list_changed');
    expect(await toolsOf(woken)).to.include('new');
    expect(await toolsOf(asleep)).to.include('new');
    expect(await toolsOf(await sessionOf(gateway, 'odd'))).to.include('new');
    expect(started).to.have.length(2);
    // Its own process is an earlier one.
    expect(await toolsOf(first)).not.to.include('new');
  });

  it('is told to no client whose server did not announce that its lists change', async () => {
    const { gateway, answers } = await learningGateway(
      [],
      {},
      { initialize: { capabilities: { tools: {} } } },
    );
    await teach(gateway);
    const client = await sessionOf(gateway, 'odd');
    const { stream } = await client.get();
    answers({ tools: ['new'], initialize: { capabilities: { tools: {} } } });
    const replaced = once(gateway.events, 'lists-learned', ({ outcome }) => outcome === 'replaced');
    await client.call('count');
    await replaced;
    expect(await toolsOf(client)).to.include('new');
    expect(stream.messages.filter(({ method }) => method !== undefined)).to.deep.equal([]);
  });

  it('is replaced when initialize is answered differently, for later sessions', async () => {
    const { gateway, answers } = await learningGateway();
    await teach(gateway);
    answers({ initialize: { instructions: 'new' } });
    const notices = collect(gateway.events, 'notice');
    const replaced = once(gateway.events, 'lists-learned', ({ outcome }) => outcome === 'replaced');
    await (await sessionOf(gateway, 'odd')).call('count');
    await replaced;
    const client = await sessionOf(gateway, 'odd');
    expect((await (await opening(client, initializeRequest(1))).json()).result).to.include({
      instructions: 'new',
    });
    expect(notices.map(({ message }) => message)).to.deep.equal([
      "what a new session's server answers to initialize has changed, and is remembered anew",
    ]);
  });

  it('does not change where only the order of a list does', async () => {
    const { gateway, answers } = await learningGateway();
    await teach(gateway);
    answers({ reversed: true });
    const learned = once(gateway.events, 'lists-learned');
    await (await sessionOf(gateway, 'odd')).call('count');
    expect((await learned).outcome).to.equal('same');
  });

  it('is given up where each process answers differently, with one log line', async () => {
    const { gateway, started } = await learningGateway(['--random']);
    await teach(gateway);
    const notices = collect(gateway.events, 'notice');
    for (const outcome of ['replaced', 'dynamic']) {
      const learned = once(gateway.events, 'lists-learned');
      const client = await sessionOf(gateway, 'odd');
      await client.call('count');
      expect((await learned).outcome).to.equal(outcome);
      const tools = await toolsOf(client);
      expect(tools.filter((name) => name.startsWith('random_'))).to.deep.equal([
        `random_${textOf(await client.call('pid'))}`,
      ]);
    }
    expect(notices.filter(({ level }) => level === 'warn')).to.have.length(1);
    expect(started).to.have.length(3);
    await sessionOf(gateway, 'odd');
    expect(started).to.have.length(4);
  });

  it('includes what a program adds while it starts', async () => {
    const { gateway } = await learningGateway(['--late']);
    await teach(gateway);
    const client = await sessionOf(gateway, 'odd');
    expect(await toolsOf(client)).to.include('late');
    const same = once(gateway.events, 'lists-learned');
    await client.call('count');
    expect((await same).outcome).to.equal('same');
  });

  it("stays as it is when a call changes one session's lists", async () => {
    const { gateway } = await learningGateway();
    const first = await teach(gateway);
    const client = await sessionOf(gateway, 'odd');
    const hear = await listening(client);
    const learned = once(gateway.events, 'lists-learned');
    await client.call('add_tool', { name: 'mine' });
    await hear('notifications/tools/list_changed');
    expect(await toolsOf(client)).to.include('mine');
    expect(await toolsOf(first)).not.to.include('mine');
    expect((await learned).outcome).to.equal('own');
    expect(await toolsOf(await sessionOf(gateway, 'odd'))).not.to.include('mine');
  });

  it('has a list of several pages in one', async () => {
    const { gateway, started } = await learningGateway(['--pages']);
    const own = await teach(gateway);
    const first = (await own.ask('tools/list')).result;
    expect(first).to.include({ nextCursor: 'more' });
    const second = (await own.ask('tools/list', { cursor: 'more' })).result;
    const client = await sessionOf(gateway, 'odd');
    const { result } = await client.ask('tools/list');
    expect(result).to.deep.equal({ tools: [first?.tools, second?.tools].flat() });
    expect(started).to.have.length(1);
  });

  it('has no list of too many pages: such a list is asked of a process', async () => {
    const { gateway, started } = await learningGateway(['--endless-pages']);
    await teach(gateway);
    const client = await sessionOf(gateway, 'odd');
    expect(started).to.have.length(1);
    expect((await client.ask('tools/list')).result).to.include({ nextCursor: 'more' });
    expect(started).to.have.length(2);
  });

  it('has the tools as clients see them', async () => {
    const tools = { allow: ['echo', 'count'], rename: { count: 'counter' } };
    const { gateway, started } = await learningGateway([], { tools });
    await teach(gateway);
    const client = await sessionOf(gateway, 'odd');
    expect(await toolsOf(client)).to.deep.equal(['echo', 'counter']);
    expect(started).to.have.length(1);
    expect(textOf(await client.call('counter'))).to.equal('1');
  });

  it('is nothing with "lists": "dynamic"', async () => {
    const { gateway, started } = await learningGateway([], { lists: 'dynamic' });
    const learned = collect(gateway.events, 'lists-learned');
    for (let session = 1; session <= 3; session += 1) {
      await toolsOf(await sessionOf(gateway, 'odd'));
      expect(started).to.have.length(session);
    }
    expect(learned).to.deep.equal([]);
  });
});

describe('a module', () => {
  const module = (lists: object) => ({ tools: { module: toolsModule, ...lists } });

  it('has its lists learned if its entry says so, and starts a thread with the first call', async () => {
    const gateway = await startCatalogue(module({ lists: 'learned' }));
    const started = collect(gateway.events, 'thread-claimed');
    const learned = once(gateway.events, 'lists-learned');
    const own = await sessionOf(gateway, 'tools');
    expect((await learned).outcome).to.equal('learned');
    const client = await sessionOf(gateway, 'tools');
    const [first, second] = await Promise.all([own, client].map((one) => one.ask('tools/list')));
    expect(first?.result).to.have.property('tools');
    expect(JSON.stringify(second?.result)).to.equal(JSON.stringify(first?.result));
    expect(started).to.have.length(1);
    const same = once(gateway.events, 'lists-learned');
    expect(textOf(await client.call('echo', { text: 'hello' }))).to.equal('hello');
    expect((await same).outcome).to.equal('same');
    expect(started).to.have.length(2);
  });

  it('is asked in each session otherwise, because its setup may define tools by who the client is', async () => {
    const gateway = await startCatalogue(module({}));
    const started = collect(gateway.events, 'thread-claimed');
    const learned = collect(gateway.events, 'lists-learned');
    for (const _ of [1, 2]) await toolsOf(await sessionOf(gateway, 'tools'));
    expect([started.length, learned.length]).to.deep.equal([2, 0]);
  });
});
