/** What the transport of a session's thread says of a message beside its text. */
import { EmptyResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import { initialize, world } from '../../support/port-transport.js';

const MAX_MESSAGE_CHARS = 32 * 1024 * 1024;

describe('A response in its frame', () => {
  it('is text, and has the id of its request beside it', async () => {
    const { call } = await world();
    for (const id of [0, 7, 'seven'])
      expect(await call(id)).to.deep.equal({
        type: 'send',
        kind: 'response',
        id,
        relatedTo: id,
        body: JSON.stringify({ result: { content: [] }, jsonrpc: '2.0', id }),
      });
  });

  it('is the same through the fast path', async () => {
    const { call } = await world({ fastPath: true });
    const [fast, slow] = [await call(1, true), await call(2)];
    expect(fast).to.deep.equal({ ...slow, id: 1, relatedTo: 1, body: slow.body.replace('"id":2', '"id":1') });
  });

  it('names the failure of a tool and of a request, so that nobody parses the text', async () => {
    const { owner, call, deliver } = await world({
      act: () => {
        throw new Error('the disk is full');
      },
    });
    expect(await call(1)).to.include({ failure: 'tool_error', message: 'the disk is full' });
    deliver({ id: 2, method: 'no/such/method' });
    expect(await owner.response(2)).to.include({ failure: '-32601', message: 'Method not found' });
  });

  it('cuts what it says of a failure', async () => {
    const { call } = await world({ act: () => ({ isError: true, content: text('x'.repeat(10_000)) }) });
    const { message } = await call(1);
    expect(message?.length).to.be.within(400, 510);
  });

  it('has the stack of what a handler threw where the log shows stacks, and only there', async () => {
    const act = (): never => {
      throw new Error('the disk is full');
    };
    for (const showsStacks of [true, false]) {
      const { call } = await world({ showsStacks, act });
      const { stack } = await call(1);
      expect(stack !== undefined, `${showsStacks}`).to.equal(showsStacks);
      if (showsStacks) expect(stack).to.contain('the disk is full').and.contain('port-transport-frames.test');
    }
  });

  it('tells which notifications the server has declared, in the response to initialize', async () => {
    const { owner, deliver, call } = await world();
    deliver(initialize(1));
    const declared = { tools: true, prompts: false, resources: true, logging: true, subscribe: true };
    expect((await owner.response(1)).declared).to.deep.equal(declared);
    expect(await call(2)).to.not.have.property('declared');
  });

  it('is an error response where the result is no JSON, or too long', async () => {
    const results = {
      'cannot be written as JSON': { content: [], structuredContent: { number: 1n } },
      'is too long': { content: text('x'.repeat(MAX_MESSAGE_CHARS)) },
    };
    for (const fastPath of [false, true]) {
      for (const [why, result] of Object.entries(results)) {
        const { call } = await world({ act: () => result, fastPath });
        const { failure, message, body } = await call(1, fastPath);
        expect([failure, message?.includes(why)], `${why}, ${fastPath}`).to.deep.equal(['-32603', true]);
        expect(body.length).to.be.below(1_000);
      }
    }
  });
});

describe('A notification in its frame', () => {
  it('belongs to the request during which its handler sent it', async () => {
    const { owner, server, call } = await world({
      act: ({ sendNotification }) =>
        sendNotification({ method: 'notifications/progress', params: { progressToken: 'a', progress: 0.5 } }),
    });
    await call('seven');
    await server.sendToolListChanged();
    const [progress, , changed] = owner.posted;
    expect(progress).to.include({ kind: 'notification', relatedTo: 'seven', progress: 0.5 });
    expect(changed).to.include({ kind: 'notification', relatedTo: undefined, listChanged: true });
    expect([progress?.listChanged, changed?.progress]).to.deep.equal([undefined, undefined]);
  });

  it('says what it is about in the stateless era, and belongs to no request then', async () => {
    const { owner, server, call } = await world({
      context: { era: 'stateless' },
      act: async ({ sendNotification }) => {
        await sendNotification({ method: 'notifications/tools/list_changed' });
        await sendNotification({ method: 'notifications/resources/updated', params: { uri: 'a:b' } });
      },
    });
    await call('seven');
    await server.sendToolListChanged();
    const [changed, updated, , later] = owner.posted;
    expect(changed).to.include({ topic: 'tools', relatedTo: undefined, listChanged: true });
    expect(updated).to.include({ topic: 'resource:a:b', relatedTo: undefined });
    expect(later).to.include({ topic: 'tools', relatedTo: undefined });
    const { owner: other, call: callOther } = await world({
      act: ({ sendNotification }) => sendNotification({ method: 'notifications/tools/list_changed' }),
    });
    await callOther('seven');
    expect(other.posted[0]).to.include({ relatedTo: 'seven' }).and.not.have.property('topic');
  });

  it('names the request that the server withdraws', async () => {
    const { owner, server } = await world();
    const asked = server.server.request({ method: 'ping' }, EmptyResultSchema, { timeout: 1 });
    expect(await asked.catch((error: Error) => error.message)).to.contain('timed out');
    const [ping, withdrawn] = owner.posted;
    expect([ping?.kind, withdrawn?.kind]).to.deep.equal(['request', 'notification']);
    expect(withdrawn?.id).to.equal(ping?.id).and.not.equal(undefined);
  });

  it('is not sent below the level that the client has set', async () => {
    const { owner, server, deliver } = await world();
    deliver({ id: 1, method: 'logging/setLevel', params: { level: 'error' } });
    await owner.response(1);
    await server.server.sendLoggingMessage({ level: 'info', data: 'unwanted' });
    await server.server.sendLoggingMessage({ level: 'error', data: 'wanted' });
    expect(owner.posted.slice(1).map(({ body }) => JSON.parse(body).params.data)).to.deep.equal(['wanted']);
  });

  it('that is too long is refused, with a sentence for the server module', async () => {
    const { owner, transport } = await world();
    const params = { data: 'x'.repeat(MAX_MESSAGE_CHARS) };
    const send = () => transport.send({ jsonrpc: '2.0', method: 'notifications/x', params });
    expect(send).to.throw(/^notifications\/x is too long: it has \d+ characters/);
    expect(owner.posted).to.deep.equal([]);
  });

  it('has no id where what the server sends as one is none', async () => {
    const { owner, transport } = await world();
    for (const requestId of [null, 1.5, { a: 1 }]) {
      const params = { requestId } as never;
      await transport.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
    }
    expect(owner.posted.map(({ id }) => id)).to.deep.equal([undefined, undefined, undefined]);
  });
});

function text(value: string) {
  return [{ type: 'text', text: value }];
}
