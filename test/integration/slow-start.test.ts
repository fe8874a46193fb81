/** Programs that take long to start: what their clients and the log are told meanwhile. */
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { once } from '../support/events.js';
import { progressOf } from '../support/expectations.js';
import { program, sessionOf, startCatalogue } from '../support/programs.js';
import { initializeRequest, RawClient, textOf } from '../support/raw-client.js';

describe('a program that takes long to start', () => {
  it('lets the calls that wait for it have progress that says so', async () => {
    const gateway = await startCatalogue(
      { odd: program('odd-server.mjs', ['--delay=600']) },
      { sseAfter: '20ms', progressHeartbeat: '60ms' },
    );
    const learned = once(gateway.events, 'lists-learned');
    await sessionOf(gateway, 'odd');
    await learned;
    const client = await sessionOf(gateway, 'odd');
    const { id, stream } = await client.openCall('count', {}, { progressToken: 'token' });
    const answer = await stream.message((message) => message.id === id);
    expect(textOf(answer)).to.equal('1');
    expect(progressOf(stream.messages, 'token').length).to.be.above(2);
    const words = stream.messages.map(({ params }) => params?.message).filter((word) => word !== undefined);
    expect(words[0]).to.equal('waiting for its server to start');
  });

  it('has its connection kept open while initialize waits', async () => {
    const gateway = await startCatalogue(
      { odd: program('odd-server.mjs', ['--delay=600']) },
      { sseAfter: '20ms', keepAlive: '50ms' },
    );
    const client = new RawClient(new URL('/odd/mcp', gateway.url));
    afterThisTest(() => client.destroy());
    const { stream } = await client.post(initializeRequest(1));
    await stream.message(({ id }) => id === 1);
    expect(stream.comments.length).to.be.above(2);
  });
});
