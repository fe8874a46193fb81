/** `subscriptions/listen` against a gateway: who is told what, and that listening holds no thread (2026-07-28). */
import { expect } from 'chai';
import { until } from '../support/deadline.js';
import { type Gateway, rawClient, sharedGateway, startGateway } from '../support/gateway.js';
import { askToListen, listen, SUBSCRIPTION_ID, textOfCall } from '../support/listener.js';
import { fixtureModule } from '../support/modules.js';
import { askStateless, postStateless } from '../support/stateless.js';

const serverModule = fixtureModule('announcing');
const TOOLS = { toolsListChanged: true };
const TOKEN = 'a-token-of-at-least-16-characters';
const LISTS = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };

/** Threads that serve somebody. */
const held = (gateway: Gateway): number => gateway.snapshot().threads.claimed;

describe('A client that listens', () => {
  const gateway = sharedGateway({ serverModule, affinity: 'request', keepAlive: '100ms' });

  it('is acknowledged first, in a stream that cannot be resumed, and kept alive', async () => {
    const client = rawClient(gateway());
    const response = await askToListen(client, { ...LISTS, taskIds: ['1'] });
    expect(response.status).to.equal(200);
    expect(response.headers).to.not.have.property('mcp-session-id');
    expect(response.headers).to.include({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    const { stream } = response;
    expect(await stream.message()).to.deep.equal({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { _meta: { [SUBSCRIPTION_ID]: 'listen:0' }, notifications: LISTS },
    });
    await stream.next(({ comment }) => comment !== undefined, 'a keep-alive comment');
    expect(stream.events.filter(({ id, retry }) => id !== undefined || retry !== undefined)).to.deep.equal(
      [],
    );
  });

  it('is told of the lists that it asked for when a call changes them, with its own id of its own type', async () => {
    const [one, two, prompts] = [rawClient(gateway()), rawClient(gateway()), rawClient(gateway())];
    const listening = [
      await listen(one, TOOLS, 7),
      await listen(one, TOOLS, '7'),
      await listen(two, LISTS, 'listen:0'),
    ];
    const other = await listen(prompts, { promptsListChanged: true });
    await textOfCall(two, 'announce', { kinds: ['tools'] });
    for (const [index, id] of [7, '7', 'listen:0'].entries()) {
      const told = await listening[index]!.next('tools/list_changed');
      expect(told.params).to.deep.equal({ _meta: { [SUBSCRIPTION_ID]: id } });
    }
    await textOfCall(two, 'announce', { kinds: ['prompts'] });
    await other.next('prompts/list_changed');
    expect(other.told).to.deep.equal(['prompts/list_changed']);
  });

  it('is not sent what belongs to the call that changes a list, and the caller not what others are told', async () => {
    const client = rawClient(gateway());
    const { next } = await listen(client, TOOLS);
    const call = { name: 'announce', arguments: { kinds: ['tools'] } };
    const response = await postStateless(client, 'tools/call', call, { id: 'call' });
    await response.answer('call');
    if (response.isEventStream) expect(response.stream.messages).to.have.length(1);
    await next('tools/list_changed');
  });

  for (const affinity of ['request', 'principal'] as const) {
    it(`finds the changed list when it asks for it, with affinity ${affinity}`, async () => {
      const own = await startGateway({ serverModule, affinity, token: TOKEN });
      const client = rawClient(own, { headers: { authorization: `Bearer ${TOKEN}` } });
      const names = async (): Promise<string[]> => {
        const { answer } = await askStateless(client, 'tools/list');
        const tools = (answer.result?.tools ?? []) as { name: string }[];
        return tools.map(({ name }) => name);
      };
      await names();
      const { next } = await listen(client, TOOLS);
      await textOfCall(client, 'add', { name: 'brand_new' });
      await next('tools/list_changed');
      expect(await names()).to.include('brand_new');
    });
  }

  for (const name of ['sdk1-low-level', 'sdk2-low-level', 'own-object']) {
    it(`is told of the lists of a server that its module has created: ${name}`, async () => {
      const own = await startGateway({ serverModule: fixtureModule(`created/${name}`), affinity: 'request' });
      const client = rawClient(own);
      const { next } = await listen(client, TOOLS);
      await textOfCall(client, 'grow');
      await next('tools/list_changed');
    });
  }

  it('is not told of lists that change in the compartment of a handle, which nobody asks for lists', async () => {
    const own = await startGateway({ serverModule, affinity: 'handle' });
    const client = rawClient(own);
    const listening = await listen(client, LISTS);
    const { session } = JSON.parse(await textOfCall(client, 'open_session')) as { session: string };
    const call = { name: 'announce', arguments: { kinds: ['tools'], session } };
    const headers = { 'mcp-param-session': session };
    const { answer } = await askStateless(client, 'tools/call', call, { headers });
    expect(answer.result).to.deep.include({ content: [{ type: 'text', text: 'announced' }] });
    expect(await textOfCall(client, 'announce', { kinds: ['prompts'] })).to.equal('announced');
    await listening.next('prompts/list_changed');
    expect(listening.told).to.deep.equal(['prompts/list_changed']);
  });

  it('is refused with what is wrong in its filter', async () => {
    const client = rawClient(gateway());
    const response = await askToListen(client, { toolsListChanged: 'yes' }, 1);
    const { id, error } = await response.json();
    expect([response.status, id, error?.code]).to.deep.equal([200, 1, -32602]);
    expect(error?.message).to.contain('toolsListChanged');
  });

  it('leaves nothing behind when it goes', async () => {
    const client = rawClient(gateway());
    const before = gateway().snapshot().streams.listen;
    const { stream } = await listen(client, { ...LISTS, resourceSubscriptions: ['note:1'] });
    expect(gateway().snapshot().streams.listen).to.equal(before + 1);
    expect(held(gateway())).to.be.above(0);
    stream.destroy();
    await until(() => gateway().snapshot().streams.listen === before, 'the stream to be counted no more');
  });

  it('listens again with the same id after its stream broke, as Claude Code does', async () => {
    const client = rawClient(gateway());
    const first = await listen(client, LISTS, 'listen:0');
    first.stream.destroy();
    const second = await listen(client, LISTS, 'listen:0');
    await textOfCall(client, 'announce', { kinds: ['tools'] });
    const told = await second.next('tools/list_changed');
    expect(told.params?._meta).to.deep.equal({ [SUBSCRIPTION_ID]: 'listen:0' });
  });
});
