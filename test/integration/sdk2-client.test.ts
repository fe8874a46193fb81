/** The client of the SDK's version 2 with servers whose state belongs to a session: over HTTP, and over stdio. */
import { fileURLToPath } from 'node:url';
import type { Client, ClientCapabilities, Transport } from '@modelcontextprotocol/client';
import { expect } from 'chai';
import { createGateway } from '../../src/index.js';
import { until, withDeadline } from '../support/deadline.js';
import type { Gateway } from '../support/gateway.js';
import { fixtureModule, joined } from '../support/modules.js';
import { allServed } from '../support/programs.js';
import { connectSdk2, type Mode, overHttp, overStdio } from '../support/sdk2-client.js';

const START_DEADLINE_MS = 40_000;
const MODES: readonly Mode[] = ['legacy', 'auto'];
const CAPABILITIES: ClientCapabilities = { sampling: {}, elicitation: { form: {} }, roots: {} };

const SERVERS = {
  /** Made with the gateway's own SDK. */
  tools: fileURLToPath(joined(fixtureModule('tools'))),
  /** Made with the client's SDK. */
  created: fileURLToPath(joined(fixtureModule('created/sdk2'))),
};
type Name = keyof typeof SERVERS;

describe("The second SDK's client", () => {
  let gateway: Gateway;

  before('start the gateway', async function () {
    this.timeout(2 * START_DEADLINE_MS);
    const servers = Object.fromEntries(Object.entries(SERVERS).map(([name, module]) => [name, { module }]));
    gateway = await createGateway({ port: 0, adminPort: 0, logLevel: 'silent', bundle: false, servers });
    await allServed(gateway, START_DEADLINE_MS);
  });

  after('kill the gateway', async () => {
    await withDeadline(gateway.kill(), 'gateway.kill()');
  });

  const url = (name: Name) => new URL(`/${name}/mcp`, gateway.url);
  const ways: Readonly<Record<string, (name: Name) => Transport>> = {
    'over HTTP': (name) => overHttp(url(name)),
    'with bulkhead stdio': (name) => overStdio(['stdio', SERVERS[name], '--no-bundle']),
    'with bulkhead bridge': (name) => overStdio(['bridge', url(name).href]),
  };

  for (const [way, transport] of Object.entries(ways)) {
    for (const mode of MODES) {
      describe(`${way}, in its mode ${String(mode)}`, () => {
        const connect = (name: Name, prepare?: (client: Client) => void) =>
          connectSdk2(transport(name), mode, CAPABILITIES, prepare);

        it('agrees on the newest version with sessions', async () => {
          const client = await connect('tools');
          expect(client.getProtocolEra()).to.equal('legacy');
          expect(client.getNegotiatedProtocolVersion()).to.equal('2025-11-25');
          expect(client.getServerVersion()).to.deep.include({ name: 'bulkhead-fixture', version: '1.2.3' });
          expect(client.getInstructions()).to.equal('Tools for tests.');
        });

        it('lists and calls tools, and is told what fails', async () => {
          const client = await connect('created');
          const { tools } = await client.listTools();
          expect(tools.map(({ name }) => name)).to.include.members(['count', 'ask']);
          expect(await textOf(client, 'count')).to.equal('1');
          expect(await textOf(client, 'count')).to.equal('2');
          const failure = await client.callTool({ name: 'nothing' }).catch((error: unknown) => error);
          expect(failure).to.have.property('code', -32602);
        });

        // From here on, a client that probed first is the same client.
        if (mode !== 'legacy' && way !== 'over HTTP') return;

        it('has a server of its own', async () => {
          const [one, other] = await Promise.all([connect('created'), connect('created')]);
          for (const number of ['1', '2']) expect(await textOf(one, 'count')).to.equal(number);
          expect(await textOf(other, 'count')).to.equal('1');
        });

        it('is asked for what its user, its model and its file system know', async () => {
          const client = await connect('tools', (asked) => {
            asked.setRequestHandler('elicitation/create', () => ({
              action: 'accept',
              content: { name: 'Ada' },
            }));
            asked.setRequestHandler('sampling/createMessage', () => ({
              role: 'assistant',
              model: 'none',
              content: { type: 'text', text: '42' },
            }));
            asked.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///here' }] }));
          });
          const elicited = JSON.parse(await textOf(client, 'elicit', { message: 'Who?' }));
          expect(elicited).to.deep.equal({ action: 'accept', content: { name: 'Ada' } });
          expect(await textOf(client, 'ask', { prompt: '?' })).to.equal('42');
          expect(JSON.parse(await textOf(client, 'roots'))).to.deep.equal([{ uri: 'file:///here' }]);
        });

        it('sees how far a call is, what it logs, and that tools have changed', async () => {
          const logged: unknown[] = [];
          const client = await connect('tools', (told) => {
            told.setNotificationHandler(
              'notifications/message',
              ({ params }) => void logged.push(params.data),
            );
          });
          const steps: number[] = [];
          const call = { name: 'progress', arguments: { steps: 3, confirmed: true } };
          await client.callTool(call, { onprogress: ({ progress }) => void steps.push(progress) });
          expect(steps).to.deep.equal([1, 2, 3]);
          await client.callTool({ name: 'log', arguments: { data: 'here' } });
          await until(() => logged.includes('here'), 'the log message');

          let changes = 0;
          const changing = await connect('created', (told) => {
            told.setNotificationHandler('notifications/tools/list_changed', () => {
              changes += 1;
            });
          });
          await changing.callTool({ name: 'grow' });
          await until(() => changes > 0, 'the notification that tools have changed');
          expect(await textOf(changing, 'grown')).to.equal('I am new');
        });

        it('cancels a call, of which the server is told', async () => {
          const client = await connect('created');
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

        it('is told of a call that crashed, and calls again', async () => {
          const client = await connect('created');
          const failure = await client.callTool({ name: 'crash' }).catch((error: unknown) => error);
          expect(failure)
            .to.have.property('message')
            .that.matches(/crashed/);
          expect(await textOf(client, 'count')).to.equal('1');
        });
      });
    }
  }

  it('is sent to sessions by the answer to its first question', async () => {
    const statuses: number[] = [];
    const client = await connectSdk2(overHttp(url('created'), statuses), 'auto');
    expect(client.getProtocolEra()).to.equal('legacy');
    expect(statuses.slice(0, 2)).to.deep.equal([400, 200]);
  });

  it('that wants no session is told which versions there are', async () => {
    const failure = await connectSdk2(overHttp(url('created')), { pin: '2026-07-28' }).catch(
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(Error);
    expect(String(failure)).to.match(/2026-07-28/);
  });
});

async function textOf(client: Client, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args });
  const [first] = content;
  if (first?.type !== 'text') throw new Error(`No text in ${JSON.stringify(content)}.`);
  return first.text;
}
