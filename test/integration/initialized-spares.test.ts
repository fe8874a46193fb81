/** Spares of programs that are sent `initialize` before they have a session. */
import { expect } from 'chai';
import { collect, once } from '../support/events.js';
import type { Gateway } from '../support/gateway.js';
import { program, sessionOf, startCatalogue } from '../support/programs.js';
import { initializeRequest, type RawClient, textOf } from '../support/raw-client.js';

const INTRODUCED = /introduced by bulkhead-introduction/;

function start(args: readonly string[] = [], entry: object = {}): Promise<Gateway> {
  return startCatalogue({ odd: program('odd-server.mjs', args, { spares: 1, ...entry }) });
}

/** Resolves when a spare has been sent `initialize`. */
function introduced(gateway: Gateway): Promise<unknown> {
  return once(gateway.events, 'module-log', ({ message }) => INTRODUCED.test(message));
}

/** A gateway whose spare is initialized as the raw client begins. */
async function prepared(args: readonly string[] = [], capabilities: Record<string, unknown> = {}) {
  const gateway = await start(args);
  const ready = introduced(gateway);
  await sessionOf(gateway, 'odd', capabilities);
  await ready;
  return gateway;
}

async function historyOf(client: RawClient): Promise<string[]> {
  return JSON.parse(textOf(await client.call('history'))) as string[];
}

describe('an initialized spare', () => {
  it('serves a session whose client begins as the last one did, without being told again', async () => {
    const gateway = await prepared();
    const started = collect(gateway.events, 'thread-claimed');
    const client = await sessionOf(gateway, 'odd');
    await client.call('count');
    const history = await historyOf(client);
    expect(started.map(({ kind }) => kind)).to.deep.equal(['warm']);
    expect(history.slice(0, 3)).to.deep.equal([
      'initialize bulkhead-introduction',
      'notifications/initialized',
      'tools/list bulkhead-list-1',
    ]);
    expect(history.filter((entry) => /initialize/.test(entry))).to.have.length(2);
  });

  it('is not given to a client that begins differently', async () => {
    const gateway = await prepared();
    const client = await sessionOf(gateway, 'odd');
    const request = initializeRequest(1);
    const { params } = request as { params: object };
    const opened = await client.post(
      { ...request, params: { ...params, clientInfo: { name: 'other', version: '1' } } },
      { 'mcp-session-id': undefined },
    );
    client.sessionId = String(opened.headers['mcp-session-id']);
    const [first = ''] = await historyOf(client);
    expect(first).to.equal('initialize bulkhead-replay-initialize');
  });

  it('is never given to two sessions', async () => {
    const gateway = await prepared();
    const clients = await Promise.all([1, 2, 3].map(() => sessionOf(gateway, 'odd')));
    const pids = await Promise.all(clients.map(async (client) => textOf(await client.call('pid'))));
    expect(new Set(pids).size).to.equal(3);
  });

  it('is ready at once in a gateway that is started again', async () => {
    await (await prepared()).close();
    const gateway = await start();
    if (gateway.snapshot().processes.spare === 0) await once(gateway.events, 'thread-started');
    const client = await sessionOf(gateway, 'odd');
    expect((await historyOf(client))[0]).to.equal('initialize bulkhead-introduction');
  });

  it('does not lose what its program says before it has a session', async () => {
    const gateway = await start(['--late']);
    const complete = once(
      gateway.events,
      'module-log',
      ({ message, context }) => context === undefined && /complete/.test(message),
    );
    await sessionOf(gateway, 'odd');
    await complete;
    const client = await sessionOf(gateway, 'odd');
    const { stream } = await client.get();
    await client.call('count');
    await stream.message(({ method }) => method === 'notifications/tools/list_changed');
    expect((await historyOf(client))[0]).to.equal('initialize bulkhead-introduction');
  });

  it('is compared with what was learned when a session claims it', async () => {
    const gateway = await prepared();
    const learned = once(gateway.events, 'lists-learned');
    await (await sessionOf(gateway, 'odd')).call('count');
    expect((await learned).outcome).to.equal('same');
  });

  it('is not initialized where the program asks its client something at once', async () => {
    const gateway = await start(['--asks-roots']);
    const noticed = once(gateway.events, 'notice', ({ message }) => /asked its client/.test(message));
    await sessionOf(gateway, 'odd', { roots: {} });
    await noticed;
    const client = await sessionOf(gateway, 'odd', { roots: {} });
    const { id, stream } = await client.openCall('history');
    const question = await stream.message(({ method }) => method === 'roots/list');
    const history = JSON.parse(textOf(await stream.message((message) => message.id === id))) as string[];
    expect(history[0]).to.equal('initialize bulkhead-replay-initialize');
    await client.respond(question.id ?? '', { roots: [{ uri: 'file:///mine' }] });
    expect(JSON.parse(textOf(await client.call('roots')))).to.deep.equal({
      roots: [{ uri: 'file:///mine' }],
    });
  });

  it('is only started where lists are dynamic', async () => {
    const gateway = await start([], { lists: 'dynamic' });
    const introductions = collect(gateway.events, 'module-log');
    await sessionOf(gateway, 'odd');
    const client = await sessionOf(gateway, 'odd');
    await client.call('count');
    expect(introductions.filter(({ message }) => INTRODUCED.test(message))).to.deep.equal([]);
  });
});
