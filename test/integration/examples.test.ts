import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { until } from '../support/deadline.js';
import { startGateway } from '../support/gateway.js';
import { projectRoot } from '../support/project.js';
import { connectStreamable, sdkClient } from '../support/sdk-client.js';
import { StatelessCaller, textIn } from '../support/stateless-caller.js';

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
