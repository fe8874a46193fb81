/** Clients that give up on `initialize` while their server is still starting, as they do while a command downloads it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { collect, once } from '../support/events.js';
import type { Gateway, GatewayOptions } from '../support/gateway.js';
import { temporaryFolder } from '../support/load-files.js';
import { inThread, program, sessionOf, startCatalogue } from '../support/programs.js';
import { initializeRequest, RawClient, textOf } from '../support/raw-client.js';

type Kind = typeof program | typeof inThread;

/** A gateway with a server that answers `initialize` when it is allowed to. */
async function slowGateway(
  kind: Kind = program,
  { entry = {}, ...options }: Partial<GatewayOptions> & { readonly entry?: object } = {},
) {
  const gate = join(temporaryFolder(), 'open');
  const servers = {
    slow: kind('odd-server.mjs', [`--gate=${gate}`], entry),
    quick: program('odd-server.mjs'),
  };
  const gateway = await startCatalogue(servers, options);
  return {
    gateway,
    allow: (): void => writeFileSync(gate, ''),
    started: collect(gateway.events, 'thread-started'),
  };
}

function opening(gateway: Gateway, name = 'test-client') {
  const client = new RawClient(new URL('/slow/mcp', gateway.url));
  afterThisTest(() => client.destroy());
  const request = initializeRequest(1);
  const clientInfo = { name, version: '1' };
  return client.exchange('POST', JSON.stringify({ ...request, params: { ...request.params, clientInfo } }));
}

/** A client that gives up once its server is starting. */
async function giveUp(gateway: Gateway): Promise<void> {
  const [woke, ended] = [once(gateway.events, 'session-woke'), once(gateway.events, 'session-ended')];
  const exchange = opening(gateway);
  await woke;
  exchange.destroy();
  expect((await ended).reason).to.equal('abandoned');
}

for (const [kind, start] of [
  ['process', program],
  ['thread', inThread],
] as const) {
  describe(`a program in a ${kind} whose client has given up before initialize was answered`, () => {
    it('goes on until its lists are learned, and ends', async () => {
      const { gateway, allow, started } = await slowGateway(start);
      const learned = once(gateway.events, 'lists-learned', ({ outcome }) => outcome === 'learned');
      const exited = once(gateway.events, 'thread-exited');
      await giveUp(gateway);
      expect(gateway.snapshot().sessions.ending).to.equal(1);
      allow();
      await learned;
      expect((await exited).cause).to.equal('ended');
      const client = await sessionOf(gateway, 'slow');
      const { result } = await client.ask('tools/list');
      expect(result?.tools).to.be.an('array').that.is.not.empty;
      expect(started.length).to.equal(1);
      expect(textOf(await client.call('count'))).to.equal('1');
      expect(started.length).to.equal(2);
    });
  });
}

describe('a start whose client has given up', () => {
  it('answers the clients that try again while it lasts', async () => {
    const { gateway, allow, started } = await slowGateway();
    await giveUp(gateway);
    const ended = once(gateway.events, 'session-ended');
    const impatient = opening(gateway);
    const patient = [opening(gateway, 'one'), opening(gateway, 'another')];
    await once(gateway.events, 'session-started', undefined);
    impatient.destroy();
    await ended;
    allow();
    for (const exchange of patient) {
      const response = await exchange.response;
      expect(response.status).to.equal(200);
      const { result } = await response.answer(1);
      expect(result?.serverInfo).to.deep.equal({ name: 'odd-server', version: '1.0.0' });
    }
    expect(started.length).to.equal(1);
  });

  it('ends after start-timeout at the latest', async () => {
    const { gateway } = await slowGateway(program, { entry: { startTimeout: '500ms' } });
    const exited = once(gateway.events, 'thread-exited');
    await giveUp(gateway);
    expect((await exited).message).to.match(/start-timeout/);
  });

  it('leaves its place to a session that has a client', async () => {
    const { gateway, started } = await slowGateway(program, { maxProcesses: 1 });
    await giveUp(gateway);
    const client = await sessionOf(gateway, 'quick');
    expect(textOf(await client.call('count'))).to.equal('1');
    expect(started.length).to.equal(2);
  });

  it('does not hold up the end of the gateway', async () => {
    // A program that is still being started by Node cannot end before.
    const { gateway } = await slowGateway(program, { cancelGrace: '30s' });
    await giveUp(gateway);
    const exited = once(gateway.events, 'thread-exited');
    await gateway.close();
    expect(await exited).to.include({ cause: 'ended', message: 'its session ended' });
  });

  it('is one of four at most, whatever their clients can do', async () => {
    const { gateway } = await slowGateway();
    const exits = collect(gateway.events, 'thread-exited');
    for (let kinds = 0; kinds < 6; kinds += 1) {
      const [woke, ended] = [once(gateway.events, 'session-woke'), once(gateway.events, 'session-ended')];
      const client = new RawClient(new URL('/slow/mcp', gateway.url));
      afterThisTest(() => client.destroy());
      const request = initializeRequest(1);
      const capabilities = { experimental: { kind: { kinds } } };
      const params = { ...request.params, capabilities };
      const exchange = client.exchange('POST', JSON.stringify({ ...request, params }));
      await woke;
      const exited = kinds < 4 ? undefined : once(gateway.events, 'thread-exited');
      exchange.destroy();
      await ended;
      await exited;
    }
    expect(exits.length).to.equal(2);
  });
});
