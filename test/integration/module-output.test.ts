import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { type CliProcess, startCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { connectedClient, sharedGateway } from '../support/gateway.js';
import { fixtureModule, joined, toolsModule } from '../support/modules.js';
import { RawClient, textOf } from '../support/raw-client.js';

/**
 * How many lines may be logged at once; beyond them, a fixed number each second (the same figures as in the worker).
 */
const BURST_LINES = 200;
const LINES_PER_SECOND = 50;

describe('what a server module writes', () => {
  const gateway = sharedGateway({ sseAfter: '20ms' });

  it('to the console and the standard streams becomes log lines with session and request', async () => {
    const client = await connectedClient(gateway());
    const lines = collect(gateway().events, 'module-log');
    const request = once(gateway().events, 'request-started', ({ tool }) => tool === 'print');
    await client.call('print', { message: 'hello' });
    await until(
      () => lines.length === 4,
      () => `four lines; there are ${JSON.stringify(lines)}`,
    );
    expect(lines.map(({ source, level, message }) => [source, level, message])).to.have.deep.members([
      ['stdout', 'info', 'console.log hello'],
      ['stderr', 'warn', 'console.error hello'],
      ['stdout', 'info', 'stdout hello'],
      ['stderr', 'warn', 'stderr hello'],
    ]);
    const { key } = await request;
    for (const line of lines) {
      expect(line.context?.sessionId).to.equal(client.sessionId);
      expect(line.key).to.equal(key);
    }
  });

  it('with session.log keeps its level and fields', async () => {
    const client = await connectedClient(gateway());
    const logged = once(gateway().events, 'module-log');
    await client.call('session_log', { message: 'careful', level: 'warn' });
    expect(await logged).to.deep.include({
      source: 'session',
      level: 'warn',
      message: 'careful',
      fields: { line: 0 },
    });
  });

  it('without an end is cut off, and the count of what was dropped is told', async () => {
    const client = await connectedClient(gateway());
    const other = await connectedClient(gateway());
    const mine = ({ context }: { context: { sessionId: string } | undefined }) =>
      context?.sessionId === client.sessionId;
    const logged = collect(gateway().events, 'module-log');
    const dropped = once(gateway().events, 'module-log-dropped', mine);
    const lines = 5_000;
    await client.call('session_log', { message: 'again and again', lines });
    const { lines: droppedLines } = await dropped;
    const kept = logged.filter(mine).length;
    expect(kept + droppedLines).to.equal(lines);
    expect(kept).to.be.within(BURST_LINES, BURST_LINES + 5 * LINES_PER_SECOND);

    const heard = once(gateway().events, 'module-log', ({ message }) => message === 'from another session');
    await other.call('session_log', { message: 'from another session' });
    await heard;
  });
});

describe('what a server module writes, in a gateway of its own process', () => {
  it('never reaches stdout raw, and is on stderr as JSON lines with the session', async () => {
    const { process, client } = await serve(joined(toolsModule), '--no-bundle');
    expect(textOf(await client.call('print', { message: 'marked' }))).to.equal('printed');
    await process.printed('stderr', /stderr marked/);
    process.child.kill('SIGTERM');
    const { code, stdout, stderr } = await process.exited();
    expect(code).to.equal(0);
    expect(stdout).to.not.include('marked');
    const lines = jsonLines(stderr).filter(({ msg }) => msg.includes('marked'));
    expect(lines.map(({ msg }) => msg)).to.have.members([
      'console.log marked',
      'console.error marked',
      'stdout marked',
      'stderr marked',
    ]);
    for (const line of lines) expect(line.sessionId).to.equal(client.sessionId);
  });

  it('while it is imported and set up, and by a last line without an end, is treated alike', async () => {
    const { process, client } = await serve(fixtureModule('talkative'));
    await client.call('write_partial', {});
    await client.call('write_control', {});
    await process.printed('stderr', /control/);
    process.child.kill('SIGTERM');
    const { stdout, stderr } = await process.exited();
    expect(stdout).to.not.match(/imported|set up|partial|control/);
    const messages = jsonLines(stderr).map(({ msg }) => msg);
    expect(messages).to.include('talkative: imported').and.to.include('talkative: set up');
    expect(messages.some((message) => message.includes('first part, second part'))).to.equal(true);
    // What a module writes stays one line, and cannot forge another one.
    for (const message of messages) expect(message).to.not.include(String.fromCharCode(27));
  });

  it('by its child processes is the module’s own to read, not the gateway’s', async () => {
    const { process, client } = await serve(joined(toolsModule), '--no-bundle');
    const answer = await client.call('run', {
      command: 'sh',
      args: ['-c', 'echo from-child; echo to-stderr >&2'],
    });
    expect(JSON.parse(textOf(answer))).to.include({ code: 0, stdout: 'from-child\n', stderr: 'to-stderr\n' });
    process.child.kill('SIGTERM');
    const { stdout, stderr } = await process.exited();
    expect(stdout + stderr).to.not.match(/from-child|to-stderr/);
  });
});

interface LogLine {
  readonly msg: string;
  readonly sessionId?: string;
}

async function serve(module: URL, ...more: string[]): Promise<{ process: CliProcess; client: RawClient }> {
  const flags = ['--port', '0', '--admin-port', '0', '--log-format', 'json'];
  const process = startCli(['serve', fileURLToPath(module), ...flags, ...more]);
  const [, url] = await process.printed('stdout', /MCP server\s+(\S+)/);
  const client = new RawClient(url!);
  afterThisTest(() => client.destroy());
  await client.initialize();
  return { process, client };
}

/** Besides the log there is the output of the command itself. @throws {SyntaxError} if any other line is not JSON */
function jsonLines(stderr: string): LogLine[] {
  return stderr
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('bulkhead: '))
    .map((line) => JSON.parse(line) as LogLine);
}
