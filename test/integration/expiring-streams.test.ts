/** Streams that outlive the credential with which they were opened. */
import { expect } from 'chai';
import type { Authentication } from '../../src/index.js';
import { rawClient, sharedGateway, sseUrl } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { askToListen } from '../support/listener.js';
import { initializeRequest } from '../support/raw-client.js';

const EXPIRED = 'the credential of this stream has expired';

/** For how long the next credential is valid, in milliseconds. */
let validMs: number | undefined;

function authenticate(): Authentication {
  return { subject: 'ada', ...(validMs !== undefined && { expiresAtMs: Date.now() + validMs }) };
}

describe('When the credential of a stream expires', () => {
  const gateway = sharedGateway({ affinity: 'request', authenticate });
  beforeEach(() => {
    validMs = undefined;
  });

  it('the GET stream closes with the reason, its session stays, and it is opened again', async () => {
    const client = rawClient(gateway());
    await client.initialize();
    validMs = 100;
    const stream = await client.get();
    expect(await stream.text()).to.include(EXPIRED);
    validMs = undefined;
    expect((await client.get()).status).to.equal(200);
    expect((await client.ask('ping')).result).to.deep.equal({});
  });

  it('a call that is in flight ends first, on its own stream', async () => {
    const client = rawClient(gateway());
    await client.initialize();
    validMs = 20;
    const answer = await client.call('slow', { ms: 300 });
    expect(answer.error).to.equal(undefined);
  });

  it('the legacy stream closes once its last call was answered', async () => {
    validMs = 1_500;
    const legacy = await LegacyClient.open(gateway(), sseUrl(gateway()));
    validMs = undefined;
    const opened = performance.now();
    await legacy.ask(initializeRequest('first', '2024-11-05'));
    const answer = await legacy.call('second', 'slow', { ms: 2_000 });
    expect(answer.error).to.equal(undefined);
    expect(performance.now() - opened, 'the credential had expired meanwhile').to.be.above(1_500);
    expect(await legacy.stream.ended).to.equal('end');
    expect(legacy.stream.comments.at(-1)?.comment).to.include(EXPIRED);
  });

  it('a subscription ends with its result', async () => {
    validMs = 100;
    const response = await askToListen(rawClient(gateway()), { toolsListChanged: true });
    const text = await response.text();
    expect(text).to.include(EXPIRED).and.to.include('"resultType":"complete"');
  });
});
