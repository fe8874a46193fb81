/** `bulkhead list`, `call`, `read` and `prompt` with a server that they run themselves. */
import { expect } from 'chai';
import { readProcess } from '../../src/shared/process-table.js';
import { runCli, startCli } from '../support/cli-process.js';
import { fixtureModule } from '../support/modules.js';

/** Joins the command to one string, which `script` (util-linux) runs in a terminal of its own. */
const IN_TERMINAL = ['sh', '-c', 'exec script -qec "$*" /dev/null', 'sh'];
const ASKING = fixtureModule('asking').href;

describe('A server that is run for one command', () => {
  it('answers as it is served, and what it logs goes to stderr', async () => {
    const exit = await runCli(['call', 'examples/greeter.mjs', 'greet', '--arg', 'name=Ada']);
    expect(exit).to.deep.include({ code: 0, stdout: 'Hello, Ada\n', stderr: 'greeting\n' });
  });

  it('shows what it asks in its session, and takes the answer of a flag', async () => {
    const shown = await runCli(['call', ASKING, 'hello', '--raw']);
    expect(shown.code).to.equal(1);
    expect(JSON.parse(shown.stdout)).to.have.nested.property('result.resultType', 'input_required');
    expect(shown.stderr).to.include(`--input 'elicitation-1={"name":"…"}'\n`);
    const answered = await runCli(['prompt', ASKING, 'greeting', '--input', 'elicitation-1={"name":"Ada"}']);
    expect(answered).to.deep.include({ code: 0, stdout: 'user: Greet Ada.\n', stderr: '' });
  });

  it('asks the person at a terminal', async () => {
    const cli = startCli(['call', ASKING, 'hello'], { within: IN_TERMINAL, writes: true });
    await cli.printed('stdout', /\(yes\): /);
    cli.child.stdin?.write('y\r');
    await cli.printed('stdout', /name \(string\): /);
    cli.child.stdin?.write('Ada\r');
    const exit = await cli.exited();
    expect(exit.stdout).to.include('The server asks: What is your name?');
    expect(exit.stdout).to.include('Hello, Ada!');
    expect(exit.code).to.equal(0);
  });

  it('ends at a signal, with everything that it has started', async () => {
    const cli = startCli(['call', fixtureModule('endless').href, 'hang']);
    const [, pid] = await cli.printed('stderr', /^started (\d+)$/m);
    cli.child.kill('SIGINT');
    const exit = await cli.exited();
    expect(exit.code).to.equal(130);
    expect(exit.stderr).to.include('bulkhead: interrupted: hang was cancelled.\n');
    // Killed, whether the system has already forgotten it or not.
    expect(readProcess(Number(pid))?.zombie).to.not.equal(false);
  });

  it('may not be told what only an address has', async () => {
    const exit = await runCli(['call', ASKING, 'hello', '--header', 'X-Key: hush']);
    expect(exit.code).to.equal(2);
    expect(exit.stderr)
      .to.match(/^bulkhead: --header is for a server at an address/)
      .and.not.include('hush');
  });
});
