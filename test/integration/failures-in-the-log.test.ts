import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { type CliProcess, sharedCli } from '../support/cli-process.js';
import { connectedClient, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { RawClient } from '../support/raw-client.js';

interface Line {
  readonly detail?: string;
  readonly stack?: string;
  readonly fields?: Record<string, unknown>;
}

const commandWith = (...flags: readonly string[]) =>
  sharedCli([
    ...[
      'serve',
      fixtureModule('failing').pathname,
      '--port',
      '0',
      '--admin-port',
      '0',
      '--log-format',
      'json',
    ],
    ...flags,
  ]);

/** The line of the log with this message, after a call of this tool in a session of its own. */
async function lineAfter(tool: string, message: RegExp, cli: CliProcess): Promise<Line> {
  const [, url] = await cli.printed('stdout', /MCP server\s+(\S+)/);
  const client = new RawClient(url ?? '');
  afterThisTest(() => client.destroy());
  await client.initialize();
  await client.call(tool);
  const ofSession = `^(?=.*"${client.sessionId}")`;
  const [line] = await cli.printed('stderr', new RegExp(`${ofSession}.*"msg":"${message.source}".*`, 'm'));
  return JSON.parse(line ?? '') as Line;
}

describe('what fails in a session’s thread', () => {
  const fileByFile = commandWith('--no-bundle');

  it('is in the log with the message of what was thrown, cut', async () => {
    const { detail, stack } = await lineAfter('throw', /call failed/, fileByFile());
    expect(detail).to.match(/^on purpose x{489}…$/);
    expect(stack).to.equal(undefined);
  });

  for (const { how, command, full } of [
    { how: 'bundled', command: commandWith(), full: commandWith('--errors', 'full') },
    { how: '--no-bundle', command: fileByFile, full: commandWith('--errors', 'full', '--no-bundle') },
  ]) {
    it(`has its stack with --errors full, from the module’s first frame on (${how})`, async () => {
      const { stack } = await lineAfter('throw', /call failed/, full());
      expect(stack?.split('\n')).to.have.length(2);
      expect(stack).to.match(/^Error: on purpose x+…?\n {4}at throwing \(\S*failing\.mjs:7:13\)$/);
    });

    it(`has the stack of what ended a thread (${how})`, async () => {
      const { detail, stack } = await lineAfter('crash', /thread exited/, command());
      expect(detail).to.include('nobody catches this');
      expect(stack).to.match(/crashing \S*failing\.mjs:20:|crashing \(\S*failing\.mjs:/);
    });
  }

  it('has the stack of the call that ended a thread, of which its client learns nothing', async () => {
    const { detail, stack } = await lineAfter('exit', /thread exited/, fileByFile());
    expect(detail).to.equal('process.exit(3) was called in it');
    expect(stack).to.match(
      /^Error: process\.exit\(3\) was called in it\n {4}at exiting \(\S*failing\.mjs:\d+:\d+\)$/,
    );
  });

  it('reaches the client as the sentence alone', async () => {
    const gateway = await startGateway({ serverModule: fixtureModule('failing'), errors: 'full' });
    const client = await connectedClient(gateway);
    for (const tool of ['throw', 'crash', 'exit', 'log']) {
      const answer = JSON.stringify(await client.call(tool));
      expect(answer, tool).to.not.match(/failing\.mjs|\bat \w+ \(|node:|\/test\//);
    }
  });

  it('has errors among the fields of a log line, with what is beneath them', async () => {
    const { fields = {} } = await lineAfter('log', /it failed/, fileByFile());
    const { stack, cause, ...err } = fields.err as Record<string, unknown>;
    expect(err).to.deep.equal({ name: 'Error', message: 'on top' });
    expect(stack).to.match(/^Error: on top\n {4}at \S*failing\.mjs:11:19$/);
    expect(cause).to.include({ name: 'TypeError', message: 'beneath', code: 'E_BENEATH' });
    const [many] = fields.many as { errors: unknown[] }[];
    expect(many).to.include({ name: 'AggregateError', message: 'many' });
    const [first] = many?.errors ?? [];
    expect(first).to.include({ name: 'RangeError', message: 'one of them' });
  });
});
