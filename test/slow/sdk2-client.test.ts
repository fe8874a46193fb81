/** The client of the SDK's version 2 with servers whose state belongs to a session: over HTTP, and over stdio. */
import { fileURLToPath } from 'node:url';
import type { Client, ClientCapabilities, Transport } from '@modelcontextprotocol/client';
import { expect } from 'chai';
import { createGateway } from '../../src/index.js';
import { until, withDeadline } from '../support/deadline.js';
import type { Gateway } from '../support/gateway.js';
import { fixtureModule, joined } from '../support/modules.js';
import { allServed } from '../support/programs.js';
import { connectSdk2, type Mode, newSdk2, overHttp, overStdio } from '../support/sdk2-client.js';

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
    gateway = await createGateway({
      port: 0,
      adminPort: 0,
      logLevel: 'silent',
      spareThreads: 0,
      bundle: false,
      servers,
    });
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
        // For all tests: each is a process, unless it is over HTTP. So the tests compare counts with earlier ones.
        let tools: Client;
        let created: Client;
        const logged: unknown[] = [];
        let changes = 0;

        before('connect', async () => {
          tools = newSdk2(mode, CAPABILITIES);
          tools.setRequestHandler('elicitation/create', () => ({
            action: 'accept',
            content: { name: 'Ada' },
          }));
          tools.setRequestHandler('sampling/createMessage', () => ({
            role: 'assistant',
            model: 'none',
            content: { type: 'text', text: '42' },
          }));
          tools.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///here' }] }));
          tools.setNotificationHandler(
            'notifications/message',
            ({ params }) => void logged.push(params.data),
          );
          created = newSdk2(mode, CAPABILITIES);
          created.setNotificationHandler('notifications/tools/list_changed', () => {
            changes += 1;
          });
          await Promise.all([tools.connect(transport('tools')), created.connect(transport('created'))]);
        });

        after('close', () => Promise.all([tools.close(), created.close()]));

        it('agrees on the newest version with sessions', () => {
          expect(tools.getProtocolEra()).to.equal('legacy');
          expect(tools.getNegotiatedProtocolVersion()).to.equal('2025-11-25');
          expect(tools.getServerVersion()).to.deep.include({ name: 'bulkhead-fixture', version: '1.2.3' });
          expect(tools.getInstructions()).to.equal('Tools for tests.');
        });

        it('lists and calls tools, and is told what fails', async () => {
          const { tools: listed } = await created.listTools();
          expect(listed.map(({ name }) => name)).to.include.members(['count', 'ask']);
          const first = await countOf(created);
          expect(await countOf(created)).to.equal(first + 1);
          const failure = await created.callTool({ name: 'nothing' }).catch((error: unknown) => error);
          expect(failure).to.have.property('code', -32602);
        });

        // From here on, a client that probed first is the same client.
        if (mode !== 'legacy' && way !== 'over HTTP') return;

        it('has a server of its own', async () => {
          const own = await countOf(created);
          const other = await connectSdk2(transport('created'), mode, CAPABILITIES);
          expect(await countOf(other)).to.equal(1);
          expect(await countOf(created)).to.equal(own + 1);
        });

        it('is asked for what its user, its model and its file system know', async () => {
          const elicited = JSON.parse(await textOf(tools, 'elicit', { message: 'Who?' }));
          expect(elicited).to.deep.equal({ action: 'accept', content: { name: 'Ada' } });
          expect(await textOf(tools, 'ask', { prompt: '?' })).to.equal('42');
          expect(JSON.parse(await textOf(tools, 'roots'))).to.deep.equal([{ uri: 'file:///here' }]);
        });

        it('sees how far a call is, what it logs, and that tools have changed', async () => {
          const steps: number[] = [];
          const call = { name: 'progress', arguments: { steps: 3, confirmed: true } };
          await tools.callTool(call, { onprogress: ({ progress }) => void steps.push(progress) });
          expect(steps).to.deep.equal([1, 2, 3]);
          await tools.callTool({ name: 'log', arguments: { data: 'here' } });
          await until(() => logged.includes('here'), 'the log message');

          await created.callTool({ name: 'grow' });
          await until(() => changes > 0, 'the notification that tools have changed');
          expect(await textOf(created, 'grown')).to.equal('I am new');
        });

        it('cancels a call, of which the server is told', async () => {
          const controller = new AbortController();
          const called = created.callTool({ name: 'wait' }, { signal: controller.signal }).then(
            () => 'answered',
            () => 'cancelled',
          );
          await countOf(created);
          controller.abort();
          expect(await called).to.equal('cancelled');
          await until(async () => (await textOf(created, 'aborted')) === 'true', 'the abort of the handler');
        });

        it('is told of a call that crashed, and calls again', async () => {
          await countOf(created);
          const failure = await created.callTool({ name: 'crash' }).catch((error: unknown) => error);
          expect(failure)
            .to.have.property('message')
            .that.matches(/crashed/);
          expect(await countOf(created)).to.equal(1);
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

/** How often this was asked of the thread that answers. */
async function countOf(client: Client): Promise<number> {
  return Number(await textOf(client, 'count'));
}

async function textOf(client: Client, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args });
  const [first] = content;
  if (first?.type !== 'text') throw new Error(`No text in ${JSON.stringify(content)}.`);
  return first.text;
}
