/** The whole chain: a stdio client, `bulkhead bridge`, a gateway, a session in a process, and a stdio server in it. */
import { ElicitRequestSchema, type ServerNotification } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import { isAlive } from '../fixtures/children/observed-processes.js';
import { until } from '../support/deadline.js';
import { program, startCatalogue } from '../support/programs.js';
import { connectStdio } from '../support/stdio-client.js';

/** The text of a tool's result. */
function textIn(result: Awaited<ReturnType<Client['callTool']>>): string {
  const [first] = result.content as readonly { readonly text?: string }[];
  if (first?.text === undefined) throw new Error(`No text in ${JSON.stringify(result)}.`);
  return first.text;
}

type Client = Awaited<ReturnType<typeof connectStdio>>['client'];

async function connected() {
  const gateway = await startCatalogue({ odd: program('odd-server.mjs') });
  const url = new URL('/odd/mcp', gateway.url).href;
  const connection = await connectStdio(['bridge', url], { elicitation: {} }, (client) => {
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { number: 4 } }));
  });
  return { ...connection, gateway };
}

describe('A stdio client of a stdio server, with a bridge and a gateway in between', () => {
  it('lists and calls tools, and gets errors of the server and of its tools', async () => {
    const { client } = await connected();
    expect(client.getServerVersion()).to.deep.equal({ name: 'odd-server', version: '1.0.0' });
    expect((await client.listTools()).tools.map(({ name }) => name)).to.include.members(['echo', 'pid']);
    const message = 'héllo 🎉\u2028';
    expect(textIn(await client.callTool({ name: 'echo', arguments: { message } }))).to.equal(message);
    expect(await client.callTool({ name: 'tool_error' })).to.deep.include({ isError: true });
    const failure = await client.callTool({ name: 'fail' }).catch((error: unknown) => error);
    expect(failure).to.have.property('message').that.includes('it failed as it was told to');
  });

  it('sees the progress of its call, in order, and what the server says beside it', async () => {
    const { client } = await connected();
    const said: string[] = [];
    client.fallbackNotificationHandler = async ({ method }) => {
      said.push(method as ServerNotification['method']);
    };
    const steps: number[] = [];
    const call = { name: 'progress', arguments: { steps: 5, ms: 20 } };
    await client.callTool(call, undefined, { onprogress: ({ progress }) => void steps.push(progress) });
    // The client drops the progress that it reads together with the answer.
    expect(steps).to.deep.equal([1, 2, 3, 4, 5].slice(0, steps.length)).and.to.include(1);
    await client.callTool({ name: 'list_changed' });
    await until(() => said.includes('notifications/tools/list_changed'), 'list_changed');
  });

  it('is asked by the server, and answers', async () => {
    const { client } = await connected();
    const answer = textIn(await client.callTool({ name: 'elicit' }));
    expect(JSON.parse(answer)).to.deep.equal({ action: 'accept', content: { number: 4 } });
  });

  it('cancels a call, of which the server is told', async () => {
    const { client, gateway } = await connected();
    const started = new Promise<void>((resolve) => {
      gateway.events.on('request-started', ({ tool }) => tool === 'hang' && resolve());
    });
    const cancel = new AbortController();
    const call = client.callTool({ name: 'hang' }, undefined, { signal: cancel.signal });
    call.catch(() => undefined);
    await started;
    cancel.abort('enough');
    expect(await call.catch((error: unknown) => String(error))).to.match(/enough/);
    const told = async () => JSON.parse(textIn(await client.callTool({ name: 'cancelled' }))) as unknown[];
    await until(async () => (await told()).length === 1, 'the cancellation to arrive');
  });

  it('goes on in a fresh process when the server has died, and leaves none when it closes', async () => {
    const { client, gateway, pid: bridge } = await connected();
    const pid = async (): Promise<number> => Number(textIn(await client.callTool({ name: 'pid' })));
    const first = await pid();
    const lost = await client
      .callTool({ name: 'exit', arguments: { code: 3 } })
      .catch((error: unknown) => error);
    expect(lost)
      .to.have.property('message')
      .that.matches(/exit code 3/);
    const second = await pid();
    expect(second).not.to.equal(first);
    await client.close();
    await until(() => gateway.sessions().length === 0, 'the end of the session');
    await until(() => ![first, second, bridge].some(isAlive), 'the end of all processes');
  });
});
