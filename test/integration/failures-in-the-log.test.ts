import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { fixtureModule } from '../support/modules.js';
import { RawClient } from '../support/raw-client.js';

interface Line {
  readonly detail?: string;
  readonly stack?: string;
  readonly fields?: Record<string, unknown>;
}

/** The line of the log with this message, after a call of this tool. */
async function lineAfter(tool: string, message: RegExp, flags: readonly string[]): Promise<Line> {
  const path = fixtureModule('failing').pathname;
  const cli = startCli(['serve', path, '--port', '0', '--admin-port', '0', '--log-format', 'json', ...flags]);
  afterThisTest(() => void cli.child.kill('SIGKILL'));
  const [, url] = await cli.printed('stdout', /MCP server\s+(\S+)/);
  const client = new RawClient(url ?? '');
  afterThisTest(() => client.destroy());
  await client.initialize();
  await client.call(tool);
  const [line] = await cli.printed('stderr', new RegExp(`.*"msg":"${message.source}".*`));
  return JSON.parse(line ?? '') as Line;
}

describe('what fails in a session’s thread', () => {
  it('is in the log with the message of what was thrown, cut', async () => {
    const { detail, stack } = await lineAfter('throw', /call failed/, ['--no-bundle']);
    expect(detail).to.match(/^on purpose x{489}…$/);
    expect(stack).to.equal(undefined);
  });

  for (const flags of [[], ['--no-bundle']]) {
    const how = flags[0] ?? 'bundled';

    it(`has its stack at debug, with positions in the module’s files (${how})`, async () => {
      const { stack } = await lineAfter('throw', /call failed/, ['--log-level', 'debug', ...flags]);
      expect(stack).to.match(/at throwing \(\S*failing\.mjs:7:13\)/);
    });

    it(`has the stack of what ended a thread (${how})`, async () => {
      const { detail, stack } = await lineAfter('crash', /thread exited/, ['--log-level', 'debug', ...flags]);
      expect(detail).to.include('nobody catches this');
      expect(stack).to.match(/crashing \S*failing\.mjs:20:|crashing \(\S*failing\.mjs:/);
    });
  }

  it('has errors among the fields of a log line, with what is beneath them', async () => {
    const { fields } = await lineAfter('log', /it failed/, ['--no-bundle']);
    expect(fields?.err).to.deep.equal({
      name: 'Error',
      message: 'on top',
      cause: { name: 'TypeError', message: 'beneath', code: 'E_BENEATH' },
    });
    expect(fields?.many).to.deep.equal([
      { name: 'AggregateError', message: 'many', errors: [{ name: 'RangeError', message: 'one of them' }] },
    ]);
  });
});
