import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { expectError } from '../support/expectations.js';
import { ISOLATION } from '../support/isolation.js';
import { fixtureModule } from '../support/modules.js';
import { program, sessionOf, startCatalogue } from '../support/programs.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const rules = {
  allow: ['e*', 'c?unt', 'list_changed', 'fail'],
  deny: ['env', 'exit'],
  rename: { count: 'next_number', echo: 'say' },
  describe: { echo: 'Says it again.' },
};

async function toolsOf(client: RawClient) {
  const { result } = await client.ask('tools/list');
  return result?.tools as readonly { readonly name: string; readonly description?: string }[];
}

async function ruledSession(): Promise<RawClient> {
  const gateway = await startCatalogue({ odd: program('odd-server.mjs', [], { tools: rules }) });
  return sessionOf(gateway, 'odd', { elicitation: {} });
}

describe('a program whose entry has rules for its tools', () => {
  it('lists those that are allowed, under the names and descriptions of the entry', async () => {
    const tools = await toolsOf(await ruledSession());
    expect(tools.map(({ name }) => name)).to.deep.equal([
      'say',
      'next_number',
      'fail',
      'elicit',
      'list_changed',
    ]);
    expect(tools[0]).to.deep.equal({
      name: 'say',
      description: 'Says it again.',
      inputSchema: { type: 'object' },
    });
  });

  it('is called by the new names', async () => {
    const client = await ruledSession();
    expect(textOf(await client.call('say', { message: 'héllo' }))).to.equal('héllo');
    expect(textOf(await client.call('next_number'))).to.equal('1');
    expect((await client.call('fail')).error).to.deep.include({ code: -32000 });
  });

  it('never receives a call of a tool that does not exist for its clients', async () => {
    const client = await ruledSession();
    for (const name of ['exit', 'env', 'pid', 'echo', 'count', 'nothing']) {
      const { error } = await client.call(name);
      expect(error).to.deep.equal({ code: -32602, message: `MCP error -32602: Tool ${name} not found` });
    }
    // The same process: `exit` has not reached it, nor has `count`.
    expect(textOf(await client.call('next_number'))).to.equal('1');
  });

  it('receives what was checked, where a key appears twice', async () => {
    const client = await ruledSession();
    const id = client.nextId();
    const twice = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"exit"},"params":{"name":"next_number"}}`;
    expect(textOf(await (await client.post(twice)).answer(id))).to.equal('1');
    const denied = client.nextId();
    const other = `{"jsonrpc":"2.0","id":${denied},"method":"tools/call","params":{"name":"fail","name":"exit"}}`;
    expectError(await (await client.post(other)).answer(denied));
    expect(textOf(await client.call('next_number'))).to.equal('2');
  });

  it('passes list_changed on, asks its client, and is answered', async () => {
    const client = await ruledSession();
    const { id, stream } = await client.openCall('elicit');
    const question = await stream.message(({ method }) => method === 'elicitation/create');
    await client.respond(question.id ?? '', { action: 'accept', content: { number: 3 } });
    const answer = await stream.message((message) => message.id === id && message.method === undefined);
    expect(JSON.parse(textOf(answer))).to.deep.equal({ action: 'accept', content: { number: 3 } });
    const listening = (await client.get()).stream;
    expect(textOf(await client.call('list_changed'))).to.equal('told');
    await listening.message(({ method }) => method === 'notifications/tools/list_changed');
  });

  it('is as it is where the neighbour has rules', async () => {
    const gateway = await startCatalogue({
      plain: program('odd-server.mjs'),
      odd: program('odd-server.mjs', [], { tools: { allow: [] } }),
    });
    const [plain, odd] = await Promise.all([sessionOf(gateway, 'plain'), sessionOf(gateway, 'odd')]);
    expect((await toolsOf(plain)).map(({ name }) => name)).to.include.members(['echo', 'exit']);
    expect(await toolsOf(odd)).to.deep.equal([]);
  });
});

const moduleRules = {
  allow: ['e*', 'c?unt', 'grow*'],
  deny: ['env'],
  rename: { count: 'next_number', echo: 'say', grown_tool: 'grown' },
  describe: { echo: 'Says it again.' },
};

async function ruledModule(name = 'ruled', options: object = {}) {
  const module = fileURLToPath(fixtureModule(name));
  return startCatalogue({ ruled: { module, tools: moduleRules } }, { isolation: ISOLATION, ...options });
}

for (const [how, options] of [
  ['with the fast path', { fastPath: true }],
  ['without it', { fastPath: false }],
  ['in a process', { isolation: 'process' }],
] as const) {
  describe(`a module whose entry has rules for its tools, ${how}`, () => {
    const session = async () => sessionOf(await ruledModule('ruled', options), 'ruled');

    it('lists those that are allowed, under the names and descriptions of the entry', async () => {
      const tools = await toolsOf(await session());
      expect(tools.map(({ name, description }) => [name, description])).to.deep.equal([
        ['say', 'Says it again.'],
        ['next_number', undefined],
        ['grow', undefined],
      ]);
    });

    it('is called by the new names', async () => {
      const client = await session();
      expect(textOf(await client.call('say', { text: 'héllo' }))).to.equal('héllo');
      expect(textOf(await client.call('next_number'))).to.equal('1');
      const wrong = await client.call('say', { text: 1 });
      expect(wrong.result).to.deep.include({ isError: true });
    });

    it('never receives a call of a tool that does not exist for its clients', async () => {
      const client = await session();
      for (const name of ['secret', 'env', 'echo', 'count', 'grown_tool', 'nothing']) {
        const { error } = await client.call(name);
        expect(error).to.deep.equal({ code: -32602, message: `MCP error -32602: Tool ${name} not found` });
      }
      // Nor as a call that no fast path takes.
      const { error } = await client.call('secret', {}, { progressToken: 1 });
      expect(error?.code).to.equal(-32602);
      expect(textOf(await client.call('next_number'))).to.equal('1');
    });

    it('tells its client of changes, and lists what has been added by the same rules', async () => {
      const client = await session();
      const listening = (await client.get()).stream;
      await client.call('grow');
      await listening.message(({ method }) => method === 'notifications/tools/list_changed');
      expect((await toolsOf(client)).map(({ name }) => name)).to.include('grown');
      expect(textOf(await client.call('grown'))).to.equal('grown');
    });
  });
}

describe('the names of the tools of a module whose entry has rules', () => {
  it('are those of the client in static lists, which wake no session', async () => {
    const gateway = await ruledModule('ruled-static');
    const client = await sessionOf(gateway, 'ruled');
    expect((await toolsOf(client)).map(({ name }) => name)).to.deep.equal(['say', 'next_number', 'grow']);
    expect(gateway.snapshot().threads.claimed).to.equal(0);
    expect(textOf(await client.call('next_number'))).to.equal('1');
    expect((await client.call('count')).error?.code).to.equal(-32602);
  });

  it('are those of the client in metrics', async () => {
    const gateway = await ruledModule();
    const client = await sessionOf(gateway, 'ruled');
    await client.call('next_number');
    await client.call('count');
    const metrics = await (await fetch(new URL('/metrics', gateway.adminUrl))).text();
    expect(metrics).to.match(/mcp_server_operation_duration_seconds_count\{[^}]*"next_number"/);
    expect(metrics).not.to.match(/="count"/);
  });
});
