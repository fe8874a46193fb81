/** `bulkhead serve --inspect`: breakpoints in the author's files, over the protocol that debuggers speak. */
import { join } from 'node:path';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { runCliHere } from '../support/cli-in-process.js';
import { startCli } from '../support/cli-process.js';
import { Debugger } from '../support/debugger.js';
import { projectRoot } from '../support/project.js';
import { RawClient } from '../support/raw-client.js';

const FOLDER = join(projectRoot, 'test/fixtures/debugged');
const PORTS = ['--port', '0', '--admin-port', '0', '--log-format', 'json'];
const LISTENING = /Debugger listening on (ws:\/\/\S+)/;

async function callGreet(url: string): Promise<{ client: RawClient; answer: ReturnType<RawClient['ask']> }> {
  const client = new RawClient(new URL(url));
  afterThisTest(() => client.destroy());
  await client.initialize();
  return { client, answer: client.ask('tools/call', { name: 'greet', arguments: { name: 'Ada' } }) };
}

describe('bulkhead serve --inspect', () => {
  it('stops at a line of a TypeScript file that the module imports, in a thread of a session, and goes on', async () => {
    const cli = startCli([
      'serve',
      join(FOLDER, 'server.ts'),
      '--inspect-brk=0',
      '--cancel-grace',
      '100ms',
      ...PORTS,
    ]);
    const [, inspector = ''] = await cli.printed('stderr', LISTENING);
    const attached = await Debugger.attach(inspector);
    const here = { file: join(FOLDER, 'greeting.ts'), line: 12 };
    attached.breakAt(here);
    // Nothing has been loaded before.
    await attached.run();
    const [url = ''] = await cli.printed('stdout', /http:\S+\/mcp/);
    const { client, answer } = await callGreet(url);
    const { thread, at, functionName, variables } = await attached.paused();
    expect({ at, functionName }).to.deep.equal({ at: here, functionName: 'greeting' });
    expect(variables).to.deep.include({ tone: 'loud', words: 'Hello, Ada!' });
    const texts = thread.scripts.flatMap(({ map }) => map.sourcesContent ?? []);
    expect(texts.some((text) => text?.includes('const tone: Tone'))).to.equal(true);
    const other = client.ask('tools/call', { name: 'greet', arguments: { name: 'Grace' } });
    await thread.resume();
    expect(await answer).to.have.nested.property('result.content[0].text', 'HELLO, ADA!');
    const second = await attached.paused();
    await second.thread.resume();
    expect(await other).to.have.nested.property('result.content[0].text', 'HELLO, GRACE!');
    await cli.printed('stderr', /the inspector is open/);
  });

  it('stops at a `debugger` statement that is the first statement of the server module', async () => {
    const file = join(FOLDER, 'first-line.ts');
    const cli = startCli(['serve', file, '--inspect-brk=0', ...PORTS]);
    const [, inspector = ''] = await cli.printed('stderr', LISTENING);
    const attached = await Debugger.attach(inspector);
    await attached.run();
    const { thread, at } = await attached.paused();
    expect(at).to.deep.equal({ file, line: 2 });
    await thread.resume();
    await cli.printed('stdout', /http:\S+\/mcp/);
  });

  it('says what is wrong with its address', async () => {
    const wrong = await runCliHere(['serve', '--inspect=nowhere']);
    expect(wrong.code).to.equal(2);
    expect(wrong.stderr).to.equal(
      'bulkhead: --inspect is "nowhere", but must be a port or an address and a port, such as --inspect=9230 or --inspect=127.0.0.1:9230.\n',
    );
  });
});
