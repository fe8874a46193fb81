import { expect } from 'chai';
import { until } from '../support/deadline.js';
import { collect } from '../support/events.js';
import { connectedClient, startGateway } from '../support/gateway.js';
import { textOf } from '../support/raw-client.js';

const CHARS = 3 * 1024 * 1024;

describe('messages that a busy thread has not read', () => {
  it('are bounded for each session: further calls get an error, notifications 503, and what waits is served later', async () => {
    const gateway = await startGateway({ cancelGrace: '500ms' });
    const client = await connectedClient(gateway);
    const other = await connectedClient(gateway);
    const rejected = collect(gateway.events, 'rejected');
    const asked = collect(gateway.events, 'request-started');
    const spinning = await client.openCall('spin', {});
    const large = 'x'.repeat(CHARS);
    const waiting = Array.from({ length: 6 }, () => client.startCall('echo', { text: large }));
    await until(() => asked.length === 7, 'all of them to arrive');
    const refused = await client.call('echo', { text: 'one more' });
    expect(refused.error?.message).to.match(/more than its server has read/);
    const params = { requestId: 'none', progressToken: 'none', progress: 1 };
    const notification = await client.post({ jsonrpc: '2.0', method: 'notifications/progress', params });
    expect(notification.status).to.equal(503);
    expect(rejected.map(({ reason }) => reason)).to.deep.equal(['thread_wait', 'thread_wait']);
    expect(textOf(await other.call('echo', { text: 'free' }))).to.equal('free');
    await client.notify('notifications/cancelled', { requestId: spinning.id });
    for (const { id, exchange } of waiting)
      expect(textOf(await (await exchange.response).answer(id))).to.have.length(CHARS);
  });
});
