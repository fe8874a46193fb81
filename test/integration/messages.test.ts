import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import { withDeadline } from '../support/deadline.js';
import { once } from '../support/events.js';
import { expectGrowing, progressOf } from '../support/expectations.js';
import { connectedClient, sharedGateway, startGateway } from '../support/gateway.js';
import { type JsonRpcMessage, type RawClient, textOf } from '../support/raw-client.js';
import { connectStreamable, sdkClient } from '../support/sdk-client.js';
import type { SseReader } from '../support/sse-reader.js';

const asks = (method: string) => (message: JsonRpcMessage) => message.method === method;
const COUNTER = 'fixture://counter';

describe('What a server asks its client', () => {
  const gateway = sharedGateway();
  const SAMPLED = { role: 'assistant', model: 'test', content: { type: 'text', text: 'Because.' } };

  it("samples on the stream of the call, and the client's answer reaches the tool", async () => {
    const client = await connectedClient(gateway(), { capabilities: { sampling: {} } });
    const { id, stream } = await client.openCall('ask', { prompt: 'Why?' });
    const request = await stream.message(asks('sampling/createMessage'));
    expect(request.params?.messages).to.deep.equal([
      { role: 'user', content: { type: 'text', text: 'Why?' } },
    ]);
    await client.respond(request.id!, SAMPLED);
    expect(textOf(await stream.message((message) => message.id === id && !message.method))).to.equal(
      'Because.',
    );
  });

  it('gives the tool the error that the client answers with', async () => {
    const client = await connectedClient(gateway(), { capabilities: { sampling: {} } });
    const { stream } = await client.openCall('ask', { prompt: 'Why?' });
    const { id } = await stream.message(asks('sampling/createMessage'));
    const refusal = await client.post({
      jsonrpc: '2.0',
      id,
      error: { code: -1, message: 'The user said no.' },
    });
    expect(refusal.status).to.equal(202);
    await refusal.text();
    const answer = await stream.message(({ method }) => !method);
    expect(answer.result?.isError).to.equal(true);
    expect(textOf(answer)).to.include('The user said no.');
  });

  it('does not ask what the client cannot do', async () => {
    const client = await connectedClient(gateway());
    expect((await client.call('ask', { prompt: 'Why?' })).result?.isError).to.equal(true);
  });

  it('elicits', async () => {
    const client = await connectedClient(gateway(), { capabilities: { elicitation: {} } });
    const { stream } = await client.openCall('elicit', { message: 'Your name?' });
    const request = await stream.message(asks('elicitation/create'));
    await client.respond(request.id!, { action: 'accept', content: { name: 'Ada' } });
    const answer = await stream.message(({ method }) => !method);
    expect(JSON.parse(textOf(answer))).to.deep.equal({ action: 'accept', content: { name: 'Ada' } });
  });

  it('asks for roots and pings on the GET stream', async () => {
    const client = await connectedClient(gateway(), { capabilities: { roots: {} } });
    const { stream } = await client.get();
    const roots = [{ uri: 'file:///project', name: 'project' }];
    const listed = client.call('roots');
    await client.respond((await stream.message(asks('roots/list'))).id!, { roots });
    expect(JSON.parse(textOf(await listed))).to.deep.equal(roots);
    const pinged = client.call('ping_client');
    await client.respond((await stream.message(asks('ping'))).id!, {});
    expect(textOf(await pinged)).to.equal('pong');
  });

  it('holds a request of the server until there is a GET stream', async () => {
    const client = await connectedClient(gateway(), { capabilities: { roots: {} } });
    const { exchange, id } = client.startCall('roots');
    const response = await exchange.response;
    const { stream } = await client.get();
    await client.respond((await stream.message(asks('roots/list'))).id!, { roots: [] });
    expect(JSON.parse(textOf(await response.answer(id)))).to.deep.equal([]);
  });

  it('gives an answer to the session that was asked, and to no other', async () => {
    const [first, second] = [await sampler(), await sampler()];
    await first.client.respond(first.id, { ...SAMPLED, content: { type: 'text', text: 'first' } });
    await second.client.respond(second.id, { ...SAMPLED, content: { type: 'text', text: 'second' } });
    expect(textOf(await first.stream.message(({ method }) => !method))).to.equal('first');
    expect(textOf(await second.stream.message(({ method }) => !method))).to.equal('second');
  });

  async function sampler() {
    const client = await connectedClient(gateway(), { capabilities: { sampling: {} } });
    const { stream } = await client.openCall('ask', { prompt: 'Who?' });
    return { client, stream, id: (await stream.message(asks('sampling/createMessage'))).id! };
  }
});

describe('What a server tells its client', () => {
  const gateway = sharedGateway();

  it("sends a call's progress on its own stream, in order and before the response", async () => {
    const client = await connectedClient(gateway());
    const { stream } = await client.openCall('progress', { steps: 50 }, { progressToken: 'token' });
    await stream.ended;
    expect(progressOf(stream.messages, 'token')).to.deep.equal(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    expect(stream.messages.at(-1)?.result).to.be.an('object');
  });

  it('sends log messages of the level that the client wants', async () => {
    const { client, stream } = await listener();
    expect((await client.ask('logging/setLevel', { level: 'warning' })).result).to.deep.equal({});
    await client.call('log', { level: 'info', data: 'quiet' });
    await client.call('log', { level: 'error', data: 'loud' });
    const { params } = await stream.message(asks('notifications/message'));
    expect(params).to.include({ level: 'error', data: 'loud' });
  });

  it('tells a subscriber about updates until it unsubscribes', async () => {
    const { client, stream } = await listener();
    await client.call('touch');
    expect((await client.ask('resources/subscribe', { uri: COUNTER })).result).to.deep.equal({});
    await client.call('touch');
    const { params } = await stream.message(asks('notifications/resources/updated'));
    expect(params?.uri).to.equal(COUNTER);
    await client.ask('resources/unsubscribe', { uri: COUNTER });
    await client.call('touch');
    await client.call('broadcast', { texts: ['last'] });
    await stream.message(asks('notifications/message'));
    expect(stream.messages.filter(asks('notifications/resources/updated'))).to.have.length(1);
  });

  for (const [list, tool] of [
    ['tools', 'grow'],
    ['resources', 'grow_resources'],
    ['prompts', 'grow_prompts'],
  ] as const) {
    it(`tells that the list of ${list} changed, and lists the new one`, async () => {
      const { client, stream } = await listener();
      const added = textOf(await client.call(tool));
      await stream.message(asks(`notifications/${list}/list_changed`));
      const { result } = await client.ask(`${list}/list`);
      expect(JSON.stringify(result?.[list])).to.include(added);
    });
  }

  async function listener(): Promise<{ client: RawClient; stream: SseReader }> {
    const client = await connectedClient(gateway());
    return { client, stream: (await client.get()).stream };
  }
});

describe('What a client asks', () => {
  const gateway = sharedGateway();

  it('gets completions for prompt arguments and resource templates', async () => {
    const client = await connectedClient(gateway());
    const prompt = {
      ref: { type: 'ref/prompt', name: 'review' },
      argument: { name: 'language', value: 'p' },
    };
    const { result: languages } = await client.ask('completion/complete', prompt);
    expect(languages?.completion).to.deep.include({ values: ['python', 'pascal', 'perl'] });
    const ref = { type: 'ref/resource', uri: 'fixture://items/{id}' };
    const { result: ids } = await client.ask('completion/complete', {
      ref,
      argument: { name: 'id', value: '7' },
    });
    expect(ids?.completion).to.deep.include({ values: ['71', '72'] });
  });

  it('gets prompts, resources and resource templates', async () => {
    const client = await connectedClient(gateway());
    const { result: prompt } = await client.ask('prompts/get', {
      name: 'greeting',
      arguments: { name: 'Ada' },
    });
    expect(JSON.stringify(prompt)).to.include('Hello, Ada');
    const { result: item } = await client.ask('resources/read', { uri: 'fixture://items/42' });
    expect(JSON.stringify(item)).to.include('42');
    const { result: templates } = await client.ask('resources/templates/list');
    expect(JSON.stringify(templates)).to.include('fixture://items/{id}');
  });

  it('gets structured content and the schemas of tools with their descriptions', async () => {
    const client = await connectedClient(gateway());
    expect((await client.call('structured', { n: 21 })).result?.structuredContent).to.deep.equal({
      doubled: 42,
    });
    const { result } = await client.ask('tools/list');
    const echo = (result?.tools as { name: string }[] | undefined)?.find(({ name }) => name === 'echo');
    expect(echo).to.deep.nested.include({ 'inputSchema.properties.text.description': 'What to give back.' });
  });

  it('gets an error result from a tool that throws, an unknown tool and wrong arguments', async () => {
    const client = await connectedClient(gateway());
    const failed = await client.call('fail');
    expect(failed.result?.isError).to.equal(true);
    expect(textOf(failed)).to.equal('This tool always fails.');
    for (const answer of [await client.call('no_such_tool'), await client.call('echo', { text: 1 })]) {
      expect(answer.result?.isError ?? answer.error).to.not.equal(undefined);
    }
  });

  it('gets any text back unchanged, and large answers whole', async () => {
    const client = await connectedClient(gateway());
    const text = 'ünï "quotes" \\ \u2028\u2029\n\r\t\0 🚢 \ud83d';
    expect(textOf(await client.call('echo', { text }))).to.equal(text);
    expect(textOf(await client.call('large', { bytes: 3_000_000 }))).to.have.length(3_000_000);
  });

  it('gets an error in place of a result that is too long, and its session goes on', async () => {
    const client = await connectedClient(gateway());
    const answer = await client.call('large', { bytes: 40 * 2 ** 20 });
    expect(answer.error?.code).to.equal(-32603);
    expect(answer.error?.message).to.match(
      /too long: it has 4194\d{4} characters of JSON, and at most 33554432/,
    );
    expect(textOf(await client.call('echo', { text: 'goes on' }))).to.equal('goes on');
  });

  it('gets a response for every one of many calls at once', async () => {
    const client = await connectedClient(gateway());
    const texts = Array.from({ length: 50 }, (_, index) => `call ${index}`);
    const answers = await Promise.all(texts.map((text) => client.call('echo', { text })));
    expect(answers.map(textOf)).to.deep.equal(texts);
  });
});

describe('Heartbeats: progress from the gateway for a silent call', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', progressHeartbeat: '60ms' });

  for (const tool of ['slow', 'spin']) {
    it(`come for a call of '${tool}' that has a progressToken, and grow in tiny steps`, async () => {
      const client = await connectedClient(gateway());
      const { stream } = await client.openCall(tool, { ms: 500 }, { progressToken: 'silent' });
      await stream.ended;
      const progress = progressOf(stream.messages, 'silent');
      expect(progress.length).to.be.at.least(3);
      expectGrowing(progress);
      expect(progress.at(-1)).to.be.below(1);
      expect(stream.messages.at(-1)?.result).to.be.an('object');
    });
  }

  it('stop as soon as the tool reports by itself, and progress has only grown', async () => {
    const client = await connectedClient(gateway());
    const args = { steps: 3, ms: 200, silentMs: 250 };
    const { stream } = await client.openCall('progress', args, { progressToken: 9 });
    await stream.ended;
    const progress = progressOf(stream.messages, 9);
    expectGrowing(progress);
    expect(progress.length, 'heartbeats before the first report').to.be.above(3);
    expect(progress.slice(-3)).to.deep.equal([1, 2, 3]);
  });

  it('do not come for a call without a progressToken', async () => {
    const client = await connectedClient(gateway());
    const { stream } = await client.openCall('slow', { ms: 300 });
    await stream.ended;
    expect(stream.messages).to.have.length(1);
  });
});

describe("The SDK's own client", () => {
  it('does a whole round over Streamable HTTP and ends its session', async () => {
    const gateway = await startGateway();
    const client = sdkClient({ sampling: {}, elicitation: {}, roots: {} });
    const changed = new Promise<void>((resolve) => {
      client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve());
    });
    const logged = new Promise<unknown>((resolve) => {
      client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => resolve(params.data));
    });
    const content = { type: 'text' as const, text: 'sampled' };
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      role: 'assistant' as const,
      model: 'm',
      content,
    }));
    client.setRequestHandler(ElicitRequestSchema, () => ({
      action: 'accept' as const,
      content: { name: 'Ada' },
    }));
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///here' }] }));
    const transport = await connectStreamable(client, gateway);

    expect(client.getServerVersion()).to.include({ name: 'bulkhead-fixture' });
    expect((await client.listTools()).tools.length).to.be.above(20);
    const call = async (name: string, args = {}) =>
      (await client.callTool({ name, arguments: args })) as { content: { text: string }[] };
    expect((await call('ask', { prompt: 'q' })).content[0]?.text).to.equal('sampled');
    expect((await call('elicit', { message: 'q' })).content[0]?.text).to.include('Ada');
    expect((await call('roots')).content[0]?.text).to.include('file:///here');
    await call('grow');
    await withDeadline(changed, 'notifications/tools/list_changed');
    await call('broadcast', { texts: ['news'] });
    expect(await withDeadline(logged, 'the logging message')).to.equal('news');

    const ended = once(gateway.events, 'session-ended');
    await transport.terminateSession();
    expect((await ended).reason).to.equal('delete');
    await client.close();
  });

  it('has its call aborted in the tool when it gives up', async () => {
    const gateway = await startGateway();
    const client = sdkClient();
    await connectStreamable(client, gateway);
    const abort = new AbortController();
    const started = once(gateway.events, 'request-started', ({ tool }) => tool === 'slow');
    const cancelled = once(gateway.events, 'request-cancelled', ({ tool }) => tool === 'slow');
    const call = client.callTool({ name: 'slow', arguments: { ms: 60_000 } }, undefined, {
      signal: abort.signal,
    });
    await started;
    abort.abort('enough');
    await call.then(
      () => expect.fail('The call was not aborted.'),
      (error: unknown) => expect(String(error)).to.include('enough'),
    );
    expect((await cancelled).reason).to.equal('client');
    const { content } = (await client.callTool({ name: 'echo', arguments: { text: 'still here' } })) as {
      content: { text: string }[];
    };
    expect(content[0]?.text).to.equal('still here');
  });
});
