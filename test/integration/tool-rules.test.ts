import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { expectError } from '../support/expectations.js';
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

describe('a module whose entry has rules for its tools', () => {
  it('is not served, because they would not be applied', async () => {
    const module = fileURLToPath(fixtureModule('light'));
    const gateway = await startCatalogue({
      light: { module, tools: { deny: ['*'] } },
      odd: program('odd-server.mjs'),
    });
    const [light] = gateway.servers();
    expect(light).to.deep.include({ name: 'light', state: 'broken' });
    expect(light?.reason).to.match(/`tools` applies to programs, not to modules; leave `tools` out/);
  });
});
