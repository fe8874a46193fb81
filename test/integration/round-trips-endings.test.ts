import { expect } from 'chai';
import { createGateway } from '../../src/index.js';
import { afterThisTest } from '../support/cleanup.js';
import { collect } from '../support/events.js';
import {
  type Gateway,
  type GatewayOptions,
  mcpUrl,
  renewedGateway,
  startGateway,
} from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { answers } from '../support/round-trips.js';
import { continuation, type Reply, StatelessCaller, textIn } from '../support/stateless-caller.js';

const TOKEN = 'round-trip-token';
const STATE_KEY = Buffer.alloc(32, 7).toString('base64');
const FIVE_MINUTES_MS = 5 * 60_000;
const OPTIONS = {
  serverModule: fixtureModule('asking'),
  token: TOKEN,
  cancelGrace: '500ms',
} satisfies Partial<GatewayOptions>;

async function start(
  options: Partial<GatewayOptions> = {},
): Promise<{ gateway: Gateway; client: StatelessCaller }> {
  const gateway = await startGateway({ ...OPTIONS, ...options });
  return { gateway, client: clientOf(gateway, TOKEN) };
}

function clientOf(gateway: Gateway, token?: string): StatelessCaller {
  return new StatelessCaller(mcpUrl(gateway), token === undefined ? {} : { token });
}

function expectRefused({ status, error }: Reply, code: number, message: RegExp): void {
  expect(status).to.equal(200);
  expect(error?.code).to.equal(code);
  expect(error?.message).to.match(message);
}

/** Five minutes pass in a moment, for what is started from now on. */
function shortenFiveMinutes(): void {
  const real = globalThis.setTimeout;
  globalThis.setTimeout = ((callback: () => void, ms?: number) =>
    real(callback, ms === FIVE_MINUTES_MS ? 50 : ms)) as typeof setTimeout;
  afterThisTest(() => {
    globalThis.setTimeout = real;
  });
}

describe('A call that waits for its client', () => {
  const shared = renewedGateway(OPTIONS);

  it('is not continued with a state that was changed, or for other parameters, and waits on', async () => {
    const client = clientOf(shared(), TOKEN);
    const asked = await client.call('rounds', { count: 1 });
    const { inputResponses, requestState } = continuation(asked, answers);
    const state = String(requestState);
    for (const changed of [
      `${state}-TAMPERED`,
      state.slice(0, -1),
      `${state}=`,
      state.replace('bulkhead1.', 'x.'),
      'x',
    ]) {
      const reply = await client.call('rounds', { count: 1 }, { inputResponses, requestState: changed });
      expectRefused(reply, -32602, /^Invalid requestState/);
    }
    expectRefused(
      await client.call('rounds', { count: 2 }, { inputResponses, requestState }),
      -32602,
      /^Invalid/,
    );
    expectRefused(await client.call('hello', {}, { inputResponses, requestState }), -32602, /^Invalid/);
    for (const inputResponses of [null, 7, []])
      expectRefused(
        await client.call('rounds', { count: 1 }, { inputResponses, requestState }),
        -32602,
        /^Invalid inputResponses/,
      );
    const reply = await client.call('rounds', { count: 1 }, { inputResponses, requestState });
    expect(textIn(reply)).to.equal('Ada');
  });

  it('is continued once with each state', async () => {
    const gateway = shared();
    const client = clientOf(gateway, TOKEN);
    const rejected = collect(gateway.events, 'rejected');
    const first = continuation(await client.call('rounds', { count: 2 }), answers);
    const asked = await client.call('rounds', { count: 2 }, first);
    expectRefused(await client.call('rounds', { count: 2 }, first), -32602, /^Repeated requestState/);
    const second = continuation(asked, answers);
    expect(textIn(await client.call('rounds', { count: 2 }, second))).to.equal('Ada,Ada');
    expectRefused(await client.call('rounds', { count: 2 }, second), -32602, /^Repeated requestState/);
    expect(rejected.map(({ reason }) => reason)).to.deep.equal(['request_state', 'request_state']);
  });

  it('is continued by one of two requests that come at the same time', async () => {
    const client = clientOf(shared(), TOKEN);
    const more = continuation(await client.call('hello'), answers);
    const replies = await Promise.all([client.call('hello', {}, more), client.call('hello', {}, more)]);
    expect(replies.filter(({ error }) => error === undefined).map(textIn)).to.deep.equal(['Hello, Ada!']);
    expect(replies.filter(({ error }) => error?.code === -32602)).to.have.lengthOf(1);
  });

  it('is cancelled after 5 minutes, and leaves its thread to others', async () => {
    const gateway = shared();
    const client = clientOf(gateway, TOKEN);
    const instance = textIn(await client.call('instance'));
    shortenFiveMinutes();
    const unparked = new Promise((resolve) => gateway.events.once('call-unparked', resolve));
    const asked = await client.call('hello');
    expect(await unparked).to.include({ outcome: 'abandoned', tool: 'hello' });
    expectRefused(
      await client.call('hello', {}, continuation(asked, answers)),
      -32602,
      /^Expired requestState/,
    );
    expect(textIn(await client.call('instance')), 'the same thread').to.equal(instance);
    expect(gateway.snapshot().parkedCalls).to.equal(0);
  });

  for (const tool of ['deaf', 'spin']) {
    it(`is ended with its thread if it does not heed that: ${tool}`, async () => {
      const gateway = shared();
      const client = clientOf(gateway, TOKEN);
      shortenFiveMinutes();
      const exited = new Promise((resolve) => gateway.events.once('thread-exited', resolve));
      await client.call(tool);
      expect(await exited).to.deep.include({ cause: 'killed', running: [tool] });
      expect(textIn(await client.call('instance'))).not.to.equal('');
    });
  }

  it('frees the thread that it had for itself', async () => {
    const gateway = await startGateway({ serverModule: fixtureModule('asking') });
    const client = clientOf(gateway);
    shortenFiveMinutes();
    const ended = new Promise((resolve) => gateway.events.once('session-ended', resolve));
    await client.call('hello');
    expect(await ended).to.include({ reason: 'request_over' });
  });

  it('is lost with its thread, and its client is told to call anew', async () => {
    const gateway = shared();
    const client = clientOf(gateway, TOKEN);
    const exited = new Promise((resolve) => gateway.events.once('thread-exited', resolve));
    const asked = await client.call('hello');
    await client.call('exit');
    await exited;
    const more = continuation(asked, answers);
    expectRefused(
      await client.call('hello', {}, more),
      -32603,
      /is gone: its \w+ ended.*Call anew without requestState/,
    );
    const { reply } = await client.settle('hello', {}, answers);
    expect(textIn(reply)).to.equal('Hello, Ada!');
  });

  it('of a gateway that was started again with the same state-key is lost; otherwise its state is nobody’s', async () => {
    const before = await createGateway({
      ...OPTIONS,
      port: 0,
      adminPort: 0,
      logLevel: 'silent',
      stateKey: STATE_KEY,
    });
    const asked = await clientOf(before, TOKEN).call('hello');
    await before.kill();
    const more = continuation(asked, answers);
    const same = await start({ stateKey: STATE_KEY });
    expectRefused(await same.client.call('hello', {}, more), -32603, /has been restarted.*Call anew/);
    const other = await start();
    expectRefused(await other.client.call('hello', {}, more), -32602, /^Invalid requestState/);
    // Whoever needs no token is another principal.
    const open = await startGateway({ serverModule: fixtureModule('asking'), stateKey: STATE_KEY });
    expectRefused(await clientOf(open).call('hello', {}, more), -32602, /^Invalid requestState/);
  });

  it('is cancelled by a drain, which does not wait for its client', async () => {
    const { gateway, client } = await start({ drainTimeout: '60s' });
    const unparked = collect(gateway.events, 'call-unparked');
    await client.call('hello');
    await gateway.close();
    expect(unparked.map(({ outcome }) => outcome)).to.deep.equal(['drained']);
  });

  it('of one principal are 64 at most', async () => {
    const gateway = shared();
    const client = clientOf(gateway, TOKEN);
    for (let call = 0; call < 64; call += 1) await client.call('hello');
    expectRefused(await client.call('hello'), -31000, /64 of your calls wait for an answer/);
    expect(gateway.snapshot().parkedCalls).to.equal(64);
    expect(textIn(await client.call('instance')), 'others are served').not.to.equal('');
  });
});
