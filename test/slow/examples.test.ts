import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { until, withDeadline } from '../support/deadline.js';
import { startGateway } from '../support/gateway.js';
import { projectRoot } from '../support/project.js';
import { RawClient, textOf } from '../support/raw-client.js';
import { connectStreamable, sdkClient } from '../support/sdk-client.js';
import { StatelessCaller, textIn } from '../support/stateless-caller.js';

/** To start or end a process with a gateway, on a machine that also runs other tests. */
const START_DEADLINE_MS = 60_000;
const exampleFolder = join(projectRoot, 'examples');

function example(name: string): URL {
  return pathToFileURL(join(exampleFolder, name));
}

async function connect(module: URL) {
  const gateway = await startGateway({ serverModule: module, bundle: true });
  const client = sdkClient();
  await connectStreamable(client, gateway);
  const call = async (name: string, args: Record<string, unknown> = {}): Promise<string> => {
    const { content, isError } = await client.callTool({ name, arguments: args });
    expect(isError).not.to.equal(true);
    return (content as { text: string }[])[0]!.text;
  };
  return { gateway, client, call };
}

describe('the examples', () => {
  it('are all tested here', () => {
    expect(readdirSync(exampleFolder).filter((name) => name.endsWith('.mjs'))).to.have.members([
      'calculator.mjs',
      'dice.mjs',
      'embed-express.mjs',
      'embed-fastify.mjs',
      'greeter.mjs',
      'line-sorter.mjs',
      'shopping-list.mjs',
    ]);
  });

  it('dice rolls in both eras, and keeps no session in the stateless one', async () => {
    const { gateway, call } = await connect(example('dice.mjs'));
    expect(Number(await call('roll', { sides: 2 }))).to.be.within(1, 2);
    const reply = await new StatelessCaller(gateway.url).call('roll', { sides: 2 });
    expect(Number(textIn(reply))).to.be.within(1, 2);
  });

  it('shopping-list has a list for each principal', async () => {
    const token = 'a-token-of-more-than-sixteen-characters';
    const gateway = await startGateway({
      serverModule: example('shopping-list.mjs'),
      bundle: true,
      token,
    });
    const caller = new StatelessCaller(gateway.url, { token });
    await caller.call('add', { item: 'pears' });
    await caller.call('add', { item: 'bread' });
    expect(textIn(await caller.call('list'))).to.equal('pears, bread');
  });

  it('calculator has a sum for each handle', async () => {
    const gateway = await startGateway({ serverModule: example('calculator.mjs'), bundle: true });
    const caller = new StatelessCaller(gateway.url);
    const { result } = await caller.call('open_session');
    const { session } = result.structuredContent as { session: string };
    const add = (number: number) =>
      caller.call('add', { number, session }, {}, { headers: { 'mcp-param-session': session } });
    await add(2);
    expect(textIn(await add(3))).to.equal('5');
  });

  for (const name of ['embed-express.mjs', 'embed-fastify.mjs'])
    it(`${name} serves MCP beside its own routes, and ends when it is asked to`, async () => {
      const program = spawn(process.execPath, [join(exampleFolder, name)], {
        env: { ...process.env, PORT: '0', API_KEYS: '{"ada":"a-long-secret"}' },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const exited = once(program, 'exit');
      afterThisTest(async () => {
        program.kill('SIGKILL');
        await exited;
      });
      let output = '';
      program.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      const address = () => /^http:.*$/m.exec(output)?.[0];
      const url = await until(address, 'the address', START_DEADLINE_MS);
      const client = new RawClient(url, { headers: { 'x-api-key': 'a-long-secret' } });
      afterThisTest(() => client.destroy());
      await client.initialize();
      expect(textOf(await client.call('greet', { name: 'Ada' }))).to.equal('Hello, Ada');
      const ready = await fetch(new URL('/ready', url), { headers: { connection: 'close' } });
      expect(ready.status).to.equal(200);
      const { stream } = await client.get();
      program.kill('SIGTERM');
      await stream.ended;
      expect(await withDeadline(exited, 'the end', START_DEADLINE_MS)).to.deep.equal([0, null]);
    });

  it('greeter greets', async () => {
    const { call } = await connect(example('greeter.mjs'));
    expect(await call('greet', { name: 'Ada' })).to.equal('Hello, Ada');
  });

  it('line-sorter sorts with a child process, remembers across a crash of its thread, and counts', async () => {
    const { gateway, client, call } = await connect(example('line-sorter.mjs'));
    expect(await call('sort_lines', { lines: ['pear', 'apple'] })).to.equal('apple\npear');
    expect(await call('sort_lines', { lines: ['a', 'b'], reverse: true })).to.equal('b\na');
    const counted = (): Promise<unknown> =>
      until(async () => {
        const url = new URL('/metrics', gateway.adminUrl);
        const response = await fetch(url, { headers: { connection: 'close' } });
        return (await response.text()).includes('\nline_sorter_lines_total 4\n');
      }, 'line_sorter_lines_total 4 in /metrics');
    // A thread reports at most once a second; what it has not reported is lost when it dies.
    await counted();

    const crash = await client.callTool({ name: 'crash' }).then(
      () => 'answered',
      (error: Error) => error.message,
    );
    expect(crash).to.include('continues with a fresh thread');
    expect(await call('history')).to.equal('4 lines');
    await counted();
  });
});
