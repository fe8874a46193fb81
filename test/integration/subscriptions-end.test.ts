/** How subscriptions end, and how many there may be (2026-07-28, Subscriptions). */
import { expect } from 'chai';
import { until } from '../support/deadline.js';
import { collect } from '../support/events.js';
import { mcpUrl, rawClient, startGateway } from '../support/gateway.js';
import { askToListen, listen, SUBSCRIPTION_ID, textOfCall } from '../support/listener.js';
import { fixtureModule } from '../support/modules.js';
import { rawSocket, requestText } from '../support/raw-socket.js';
import { STATELESS_VERSION, statelessMessage } from '../support/stateless.js';

const serverModule = fixtureModule('announcing');
const SERVER_INFO = {
  'io.modelcontextprotocol/serverInfo': { name: 'announcing', version: '1.0.0' },
};
const TOOLS = { toolsListChanged: true };
const TOKEN = 'a-token-of-at-least-16-characters';

describe('A subscription', () => {
  it('ends with its result when the gateway has drained, after the calls in flight', async () => {
    const gateway = await startGateway({ serverModule, affinity: 'request' });
    const client = rawClient(gateway);
    const { stream } = await listen(client, TOOLS, 'listen:0');
    const call = textOfCall(client, 'pause', { ms: 300 });
    await until(() => gateway.snapshot().requestsInFlight === 1, 'the call to run');
    const closed = gateway.close();
    const late = await askToListen(client, TOOLS, 'late');
    expect((await late.json()).error?.data).to.deep.equal({ reason: 'draining' });
    expect(stream.messages).to.have.length(1);
    await call;
    expect(await stream.message(({ id }) => id === 'listen:0')).to.deep.equal({
      jsonrpc: '2.0',
      id: 'listen:0',
      result: { resultType: 'complete', _meta: { ...SERVER_INFO, [SUBSCRIPTION_ID]: 'listen:0' } },
    });
    expect(await stream.ended).to.equal('end');
    await closed;
  });

  it('ends with its result when the gateway stops at once', async () => {
    const gateway = await startGateway({ serverModule, affinity: 'request' });
    const { stream } = await listen(rawClient(gateway), { ...TOOLS, resourceSubscriptions: ['note:1'] }, 9);
    const killed = gateway.kill();
    const { result } = await stream.message(({ id }) => id === 9);
    const _meta = { ...SERVER_INFO, [SUBSCRIPTION_ID]: 9 };
    expect(result).to.deep.equal({ resultType: 'complete', _meta });
    expect(await stream.ended).to.equal('end');
    await killed;
  });

  it('is one of at most 16 of a principal, and the next one is told what to do', async () => {
    const gateway = await startGateway({ affinity: 'request', token: TOKEN });
    const headers = { authorization: `Bearer ${TOKEN}` };
    const client = rawClient(gateway, { headers });
    const open = [];
    for (let count = 0; count < 16; count += 1) open.push(await listen(client, TOOLS));
    const refused = await askToListen(client, TOOLS, 'n');
    const { id, error } = await refused.json();
    expect([refused.status, id, error?.code]).to.deep.equal([200, 'n', -31000]);
    expect(error?.message).to.contain('Close one');
    expect(await (await fetch(new URL('/metrics', gateway.adminUrl), { headers })).text()).to.match(
      /bulkhead_rejections_total\{reason="principal_subscription_limit"[^}]*\} 1/,
    );
    open[0]?.stream.destroy();
    await until(() => gateway.snapshot().streams.listen === 15, 'the closed one to be gone');
    await listen(client, TOOLS);
  });

  it('ends with its connection, also where it waits there behind others, as a call does', async () => {
    const gateway = await startGateway({ serverModule, affinity: 'request' });
    const cancels = collect(gateway.events, 'request-cancelled');
    const socket = await rawSocket(mcpUrl(gateway));
    const send = (method: string, params: object, id: number): void => {
      const name = 'name' in params ? { 'mcp-name': String(params.name) } : {};
      socket.write(
        requestText(
          'POST',
          mcpUrl(gateway),
          {
            accept: 'application/json, text/event-stream',
            'content-type': 'application/json',
            'mcp-protocol-version': STATELESS_VERSION,
            'mcp-method': method,
            ...name,
          },
          JSON.stringify(statelessMessage(method, { ...params }, { id })),
        ),
      );
    };
    for (let id = 1; id <= 3; id += 1) send('subscriptions/listen', { notifications: TOOLS }, id);
    send('tools/call', { name: 'pause', arguments: { ms: 60_000 } }, 4);
    await until(
      () => gateway.snapshot().streams.listen === 3 && gateway.snapshot().requestsInFlight === 1,
      'all to be served',
    );
    socket.socket.destroy();
    await until(() => gateway.snapshot().streams.listen === 0, 'all to be gone');
    await until(() => cancels.length === 1, 'the call to be cancelled');
  });

  it('holds no thread, also where a thousand clients listen, and each of them is told', async () => {
    const gateway = await startGateway({ serverModule, affinity: 'request', spareThreads: 0 });
    const client = rawClient(gateway);
    await textOfCall(client, 'whoami');
    const listening = [];
    for (let group = 0; group < 20; group += 1)
      listening.push(...(await Promise.all(Array.from({ length: 50 }, () => listen(client, TOOLS)))));
    expect(gateway.snapshot().streams.listen).to.equal(1_000);
    expect(gateway.sessions()).to.have.length.at.most(1);
    await textOfCall(client, 'announce', { kinds: ['tools'] });
    await Promise.all(listening.map(({ next }) => next('tools/list_changed')));
    for (const { stream } of listening) stream.destroy();
    await until(() => gateway.snapshot().streams.listen === 0, 'all to be gone');
  });
});
