import { expect } from 'chai';
import { connectedClient, sharedGateway, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { type JsonRpcMessage, type RawClient, textOf, toolCall } from '../support/raw-client.js';

const serverModule = fixtureModule('conduct');
/** A member that the specification does not define sends a call through the SDK's protocol layer. */
const WAYS = { 'past the protocol layer': {}, 'through the protocol layer': { more: 1 } };
const NAMES_OF_OBJECTS = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];

for (const [way, more] of Object.entries(WAYS)) {
  describe(`a tool call ${way}`, () => {
    const gateway = sharedGateway({ serverModule });
    const called = async (tool: string, args: Record<string, unknown> = {}): Promise<JsonRpcMessage> => {
      const { params, ...message } = toolCall(1, tool, args);
      const client = await connectedClient(gateway());
      return (await client.post({ ...message, params: { ...params, ...more } })).answer(1);
    };

    it('of a tool that there is not is a protocol error, also by a name that every object has', async () => {
      for (const name of ['unknown', ...NAMES_OF_OBJECTS]) {
        const { error } = await called(name);
        expect(error?.code, name).to.equal(-32602);
        expect(error?.message).to.equal(`MCP error -32602: Tool ${name} not found`);
      }
      expect((await called('disabled')).error?.message).to.equal('MCP error -32602: Tool disabled disabled');
    });

    it('with arguments that do not fit the tool is the tool’s failure, which a model can mend', async () => {
      const { result } = await called('output', { name: 5 });
      expect(result?.isError).to.equal(true);
    });

    it('that asks for a URL elicitation stays an error with its data, whoever’s class it is', async () => {
      for (const name of ['elicitation', 'likeElicitation']) {
        const { error } = await called('throw', { name });
        expect(error?.code, name).to.equal(-32042);
        expect(error?.data).to.have.nested.property('elicitations[0].url', 'https://example.org/');
      }
    });

    it('whose handler throws tells its message, whatever was thrown', async () => {
      expect(textOf(await called('throw', { name: 'otherCode' }))).to.equal('MCP error -32050: no luck');
      expect(textOf(await called('throw', { name: 'otherRealm' }))).to.equal('from another realm');
      expect(textOf(await called('throw', { name: 'withoutText' }))).to.match(/has no text/);
    });

    it('sends structured content as the output schema makes it, or says that it does not fit', async () => {
      const structured = async (tool: string, name: string) => (await called(tool, { name })).result;
      expect(await structured('output', 'missing')).to.have.deep.property('structuredContent', { n: 3 });
      expect(await structured('output', 'extra')).to.have.deep.property('structuredContent', { n: 1 });
      expect(await structured('output', 'coerced')).to.have.deep.property('structuredContent', { n: 5 });
      const wrong = await called('output', { name: 'wrong' });
      expect(wrong.result?.isError).to.equal(true);
      expect(textOf(wrong)).to.match(/^MCP error -32602: Output validation error: .*output: n: /);
    });

    it('that failed sends no structured content that its client would refuse', async () => {
      expect((await called('failed_output', { name: 'wrong' })).result).to.deep.equal({
        content: [{ type: 'text', text: 'it failed' }],
        isError: true,
      });
      const { result } = await called('failed_output', { name: 'coerced' });
      expect(result?.structuredContent).to.deep.equal({ n: 5 });
    });

    it('whose handler gives back no result is the server’s failure', async () => {
      const { error } = await called('no_result');
      expect(error?.code).to.equal(-32603);
      expect(error?.message).to.include('no valid tool result: content: ');
    });
  });
}

describe('parameters that do not fit a method', () => {
  const gateway = sharedGateway({ serverModule });
  const REQUESTS: readonly (readonly [method: string, params: Record<string, unknown> | undefined])[] = [
    ['tools/call', undefined],
    ['tools/call', { name: 'talk', arguments: null }],
    ['tools/list', { cursor: 5 }],
    ['logging/setLevel', { level: 'loud' }],
    ['prompts/get', { name: 5 }],
    ['prompts/get', { name: 'greet' }],
    ...NAMES_OF_OBJECTS.map((name) => ['prompts/get', { name }] as const),
    ['resources/read', { uri: 'no uri' }],
    [
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'toString' }, argument: { name: 'a', value: '' } },
    ],
    ['completion/complete', { ref: { type: 'ref/nothing' }, argument: { name: 'a', value: '' } }],
  ];

  it('are the client’s error, in one sentence', async () => {
    const client = await connectedClient(gateway());
    for (const [method, params] of REQUESTS) {
      const { error } = await client.ask(method, params);
      const what = `${method} ${JSON.stringify(params)}`;
      expect(error?.code, what).to.equal(-32602);
      expect(error?.message, what).to.match(/^MCP error -32602: .{10,}$/);
    }
  });

  it('have no completion where they name what every object has', async () => {
    const client = await connectedClient(gateway());
    const ref = { type: 'ref/resource', uri: 'thing://{name}' };
    for (const name of NAMES_OF_OBJECTS) {
      const { result } = await client.ask('completion/complete', { ref, argument: { name, value: 'a' } });
      expect(result?.completion, name).to.deep.equal({ values: [], hasMore: false });
    }
    const { result } = await client.ask('completion/complete', {
      ref,
      argument: { name: 'name', value: 'a' },
    });
    expect(result?.completion).to.have.deep.property('values', ['ada']);
  });
});

describe('the AsyncLocalStorage of a call', () => {
  const gateway = sharedGateway({ serverModule });

  it('is empty when it begins: neither an earlier call nor setup is seen', async () => {
    const client = await connectedClient(gateway());
    const seen = [];
    for (const name of ['ann', 'bob', 'cat']) seen.push(textOf(await client.call('enter', { name })));
    expect(seen).to.deep.equal(['nobody', 'nobody', 'nobody']);
  });
});

describe('the log level that a client has set', () => {
  const gateway = sharedGateway({ serverModule });

  it('is heeded, whatever the module sends a log message with', async () => {
    const client = await connectedClient(gateway());
    const levels = async (): Promise<string[]> => {
      const stream = await client.get();
      await client.call('talk');
      const messages = [];
      // Two of three ways belong to the session, and the last of them ends last.
      for (;;) {
        const { params } = await stream.stream.message(
          ({ method }) => method === 'notifications/message',
          'a log message',
        );
        messages.push(`${params?.level}`);
        if (params?.level === 'critical' && params.data === 'Server') break;
      }
      stream.incoming.destroy();
      return messages;
    };
    expect(await levels()).to.include('debug');
    await client.ask('logging/setLevel', { level: 'error' });
    expect(await levels()).to.deep.equal(['critical', 'critical']);
  });
});

describe('a module that closes its server', () => {
  for (const name of ['McpServer', 'Server', 'transport']) {
    it(`ends its session: every call is answered, and what comes later gets 404 (${name})`, async () => {
      const gateway = await startGateway({ serverModule });
      const client = await connectedClient(gateway);
      const waiting = await client.post(toolCall('waiting', 'wait', {}));
      const closed = await client.call('close', { name });
      expect(closed.error?.message).to.include('server_closed');
      expect((await waiting.answer('waiting')).error?.message).to.include('server_closed');
      expect((await later(client)).status).to.equal(404);
    });
  }
});

function later(client: RawClient) {
  return client.post({ jsonrpc: '2.0', id: 'later', method: 'tools/list' });
}

describe('a schema that JSON Schema can’t express', () => {
  it('ends the start with a sentence that names the tool and the field', async () => {
    const refused = await startGateway({ serverModule: fixtureModule('unwritable') }).then(
      () => 'started',
      (error: Error) => error.message,
    );
    expect(refused).to.include('the tool "calendar"').and.to.include('(outputSchema, field "events[].at")');
  });
});
