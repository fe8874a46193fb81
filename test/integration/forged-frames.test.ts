import { expect } from 'chai';
import { collect, once } from '../support/events.js';
import { connectedClient, sharedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { textOf } from '../support/raw-client.js';

const FORGED = {
  nothing: /not undefined/,
  'a number': /not a number/,
  'a list': /no frame has the type/,
  'an unknown type': /no frame has the type "unknown"/,
  'the name of what every object has': /no frame has the type "constructor"/,
  'a text without an id': /a result begins with/,
  'a result of an object': /a result begins with/,
  'a result of no request that there could be': /a result begins with/,
  'a message without a body': /"send" frame .*"body"/,
  'a member that is unknown': /"pong" frame .*"context"/,
  'a log level that is unknown': /"log" frame .*"level"/,
  'log fields that nest too deep': /"log" frame .*"fields"/,
  'fewer than no log lines': /"log-dropped" frame .*"lines"/,
  'memory that is no number': /"memory" frame .*"usedBytes"/,
  'an error without a message': /"failed" frame .*"error"/,
};

describe('a thread that sends what is no frame', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('forged-frames') });

  for (const [what, why] of Object.entries(FORGED)) {
    it(`is ended, with a sentence in the log, and no other: ${what}`, async () => {
      const [client, other] = [await connectedClient(gateway()), await connectedClient(gateway())];
      await other!.call('serve');
      const noticed = once(gateway().events, 'notice');
      const exited = once(gateway().events, 'thread-exited');
      const answer = await client!.call('forge', { what });
      expect(answer.error?.message).to.match(/it sent something that the gateway cannot handle/);
      expect((await exited).cause).to.equal('crash');
      expect((await noticed).message).to.match(why);
      expect(textOf(await other!.call('serve'))).to.equal('call 2 of this thread');
      expect(textOf(await client!.call('serve'))).to.equal('call 1 of this thread');
    });
  }
});

describe('a log line whose message is no text', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('forged-frames') });

  it('is written as text, and ends nothing', async () => {
    const client = await connectedClient(gateway());
    const lines = collect(gateway().events, 'module-log');
    expect(textOf(await client.call('log'))).to.equal('logged');
    const messages = lines.map(({ message }) => message);
    expect(messages).to.deep.equal(['42', 'undefined', 'null', 'an error', "{ an: 'object' }"]);
    expect(lines[3]?.fields?.err)
      .to.include({ name: 'Error', message: 'an error' })
      .and.to.have.property('stack');
  });
});
