/** The client of the SDK's version 2 in the stateless era, with servers that serve it. */
import { fileURLToPath } from 'node:url';
import {
  CLIENT_INFO_META_KEY,
  type Client,
  type ClientCapabilities,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/client';
import { expect } from 'chai';
import { createGateway } from '../../src/index.js';
import { until, withDeadline } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import type { Gateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { allServed } from '../support/programs.js';
import { connectSdk2, type Mode, overHttp } from '../support/sdk2-client.js';

const START_DEADLINE_MS = 40_000;
const MODES: readonly Mode[] = [{ pin: '2026-07-28' }, 'auto'];
const CAPABILITIES: ClientCapabilities = { sampling: {}, elicitation: { form: {} }, roots: {} };

const module = (name: string, more: object = {}) => ({
  module: fileURLToPath(fixtureModule(name)),
  affinity: 'request' as const,
  ...more,
});

/** Made with the gateway's SDK, with version 1, with version 2, and with neither. */
const SERVERS = {
  tools: module('tools'),
  sdk1: module('created/sdk1'),
  rounds: module('created/sdk2-rounds'),
  pushing: module('created/sdk2'),
  watched: module('created/sdk2-rounds', { affinity: 'principal' }),
  learned: module('created/sdk2-rounds', { lists: 'learned' }),
  own: module('created/own-object'),
  fast: module('created/fast-mcp'),
  kept: module('created/sdk1', { affinity: 'principal' }),
  handled: module('created/sdk1', { affinity: 'handle' }),
  handledOwn: module('created/own-object', { affinity: 'handle' }),
};
type Name = keyof typeof SERVERS;

describe("The second SDK's client without a session", () => {
  let gateway: Gateway;

  before('start the gateway', async function () {
    this.timeout(2 * START_DEADLINE_MS);
    gateway = await createGateway({
      port: 0,
      adminPort: 0,
      logLevel: 'silent',
      bundle: false,
      spareThreads: 0,
      token: 'secret',
      servers: SERVERS,
    });
    await allServed(gateway, START_DEADLINE_MS);
  });

  after('kill the gateway', async () => {
    await withDeadline(gateway.kill(), 'gateway.kill()');
  });

  const connect = (name: Name, mode: Mode = 'auto', prepare?: (client: Client) => void) => {
    const transport = overHttp(new URL(`/${name}/mcp`, gateway.url), [], { authorization: 'Bearer secret' });
    return connectSdk2(transport, mode, CAPABILITIES, prepare);
  };

  /** Answers whatever it is asked. */
  const answering = (client: Client): void => {
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }));
    client.setRequestHandler('sampling/createMessage', () => ({
      role: 'assistant',
      model: 'none',
      content: { type: 'text', text: '42' },
    }));
    client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///here' }] }));
  };

  for (const mode of MODES) {
    it(`agrees on the newest version, in its mode ${JSON.stringify(mode)}`, async () => {
      const client = await connect('tools', mode);
      expect(client.getProtocolEra()).to.equal('modern');
      expect(client.getNegotiatedProtocolVersion()).to.equal('2026-07-28');
      expect(client.getServerVersion()).to.deep.include({ name: 'bulkhead-fixture', version: '1.2.3' });
      expect(client.getInstructions()).to.equal('Tools for tests.');
    });
  }

  for (const name of ['tools', 'sdk1', 'rounds', 'fast', 'own'] as const) {
    it(`lists tools, and is told what fails: ${name}`, async () => {
      const client = await connect(name);
      expect((await client.listTools()).tools.length).to.be.above(2);
      const failure = await client.callTool({ name: 'nothing' }).then(
        ({ isError }) => isError,
        (error: unknown) => error instanceof Error,
      );
      expect(failure).to.equal(true);
    });
  }

  for (const name of ['sdk1', 'fast', 'own'] as const) {
    it(`calls tools, and nothing of a call is left for the next one: ${name}`, async () => {
      const client = await connect(name);
      expect(await textOf(client, 'count')).to.match(/^\d+$/);
      expect(await textOf(client, 'aborted')).to.equal('false');
      const [before, after] = (await textOf(client, 'key')).split(' ');
      expect(before).to.match(/^r-/).and.equal(after);
    });

    it(`answers the questions of a server that speaks the session era: ${name}`, async () => {
      const client = await connect(name, 'auto', answering);
      const answer = JSON.parse(await textOf(client, 'ask'));
      expect(answer).to.deep.equal({ action: 'accept', content: { name: 'Ada' } });
    });
  }

  it('answers questions of every kind', async () => {
    const client = await connect('tools', 'auto', answering);
    const elicited = JSON.parse(await textOf(client, 'elicit', { message: 'Who?' }));
    expect(elicited).to.deep.equal({ action: 'accept', content: { name: 'Ada' } });
    expect(await textOf(client, 'ask', { prompt: '?' })).to.equal('42');
  });

  it('meets the same server again where its state belongs to who asks', async () => {
    const [one, other] = await Promise.all([connect('kept'), connect('kept')]);
    for (const number of ['1', '2']) expect(await textOf(one, 'count')).to.equal(number);
    expect(await textOf(other, 'count')).to.equal('3');
  });

  for (const name of ['handled', 'handledOwn'] as const) {
    it(`opens sessions where it is given handles of them, and each has a server of its own: ${name}`, async () => {
      const client = await connect(name);
      expect((await client.listTools()).tools.map((tool) => tool.name)).to.include.members([
        'open_session',
        'close_session',
        'count',
      ]);
      const [one, other] = [await opened(client), await opened(client)];
      for (const number of ['1', '2'])
        expect(await textOf(client, 'count', { session: one })).to.equal(number);
      expect(await textOf(client, 'count', { session: other })).to.equal('1');
    });
  }

  it('cancels a call by leaving it, of which the server is told', async () => {
    const client = await connect('kept');
    const controller = new AbortController();
    const called = client.callTool({ name: 'wait' }, { signal: controller.signal }).then(
      () => 'answered',
      () => 'cancelled',
    );
    await textOf(client, 'count');
    controller.abort();
    expect(await called).to.equal('cancelled');
    await until(async () => (await textOf(client, 'aborted')) === 'true', 'the abort of the handler');
  });

  it('sees how far a call is, and only the log messages that it asked for', async () => {
    const logged: unknown[] = [];
    const client = await connect('tools', 'auto', (told) => {
      told.setNotificationHandler('notifications/message', ({ params }) => void logged.push(params.data));
    });
    const steps: number[] = [];
    await client.callTool(
      { name: 'progress', arguments: { steps: 3, ms: 20 } },
      { onprogress: ({ progress }) => void steps.push(progress) },
    );
    expect(steps).to.deep.equal([1, 2, 3].slice(0, steps.length)).and.to.include(1);
    await client.callTool({ name: 'log', arguments: { data: 'unwanted' } });
    await client.callTool({
      name: 'log',
      arguments: { data: 'wanted' },
      _meta: { [LOG_LEVEL_META_KEY]: 'info' },
    });
    await until(() => logged.includes('wanted'), 'the log message');
    expect(logged).not.to.include('unwanted');
  });

  describe('with a server made with the same SDK', () => {
    it('is answered in its own era: what the request says of its client, how long lists may be kept', async () => {
      const client = await connect('rounds');
      const { ttlMs, cacheScope } = await client.listTools();
      expect({ ttlMs, cacheScope }).to.deep.equal({ ttlMs: 60_000, cacheScope: 'public' });
      const envelope = JSON.parse(await textOf(client, 'era'));
      expect(envelope[PROTOCOL_VERSION_META_KEY]).to.equal('2026-07-28');
      expect(envelope[CLIENT_INFO_META_KEY]).to.deep.equal({ name: 'sdk2-client', version: '2.4.0' });
    });

    it('answers what a handler has returned as its needs, and no call waits meanwhile', async () => {
      const client = await connect('rounds', 'auto', answering);
      expect(await textOf(client, 'greet')).to.equal('Hello, Ada (asked once)');
    });

    it('is told what its server has to return, if that pushes its question', async () => {
      const client = await connect('pushing', 'auto', answering);
      const { isError, content } = await client.callTool({ name: 'ask' });
      expect(isError).to.equal(true);
      expect(JSON.stringify(content)).to.include('inputRequired');
    });

    it('is given lists that were learned of its server', async () => {
      const learned = once(gateway.events, 'lists-learned', ({ outcome }) => outcome === 'learned');
      const tools = async () => (await (await connect('learned')).listTools()).tools.map(({ name }) => name);
      expect(await tools()).to.deep.equal(['greet', 'era', 'steps', 'tick']);
      await learned;
      const started = collect(gateway.events, 'thread-started');
      expect(await tools()).to.deep.equal(['greet', 'era', 'steps', 'tick']);
      expect(started).to.deep.equal([]);
    });

    it('is told of the resources that it listens for', async () => {
      const updated: string[] = [];
      const client = await connect('watched', 'auto', (told) => {
        told.setNotificationHandler(
          'notifications/resources/updated',
          ({ params }) => void updated.push(params.uri),
        );
      });
      const { contents } = await client.readResource({ uri: 'clock://now' });
      expect(contents).to.deep.equal([{ uri: 'clock://now', text: 'noon' }]);
      const subscription = await client.listen({ resourceSubscriptions: ['clock://now'] });
      await until(async () => {
        await client.callTool({ name: 'tick' });
        return updated.length > 0;
      }, 'the notification that the resource was updated');
      expect(updated).to.include('clock://now');
      await subscription.close();
    });

    it('sees how far a call is, and what it logs', async () => {
      const logged: unknown[] = [];
      const client = await connect('rounds', 'auto', (told) => {
        told.setNotificationHandler('notifications/message', ({ params }) => void logged.push(params.data));
      });
      const steps: number[] = [];
      const onprogress = ({ progress }: { progress: number }) => void steps.push(progress);
      await client.callTool({ name: 'steps' }, { onprogress });
      expect(logged).to.deep.equal([]);
      await client.callTool({ name: 'steps', _meta: { [LOG_LEVEL_META_KEY]: 'info' } }, { onprogress });
      expect(steps).to.include.members([1]);
      await until(() => logged.includes('three steps'), 'the log message');
    });
  });

  it('is told by the stream that it listens on when the tools of a server change', async () => {
    let changes = 0;
    const client = await connect('kept', 'auto', (told) => {
      told.setNotificationHandler('notifications/tools/list_changed', () => {
        changes += 1;
      });
    });
    const subscription = await client.listen({ toolsListChanged: true });
    await client.callTool({ name: 'grow' });
    await until(() => changes > 0, 'the notification that tools have changed');
    expect(await textOf(client, 'grown')).to.equal('I am new');
    await subscription.close();
  });
});

/** The handle of a new session. */
async function opened(client: Client): Promise<string> {
  const { structuredContent } = await client.callTool({ name: 'open_session' });
  return String((structuredContent as { readonly session?: unknown } | undefined)?.session);
}

async function textOf(client: Client, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args });
  const [first] = content;
  if (first?.type !== 'text') throw new Error(`No text in ${JSON.stringify(content)}.`);
  return first.text;
}
