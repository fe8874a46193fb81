import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';

const program = (body: string): string => `
  import { openStandardError } from ${JSON.stringify(new URL('../../src/telemetry/log/log-output.js', import.meta.url).href)};
  const output = openStandardError();
  ${body}`;

/** A separate log in a shell, whose redirections determine what stderr is. */
function run(redirection: string, body: string, env: Record<string, string> = {}) {
  return spawn('bash', ['-c', `"$0" --input-type=module -e "$BODY" ${redirection}`, process.execPath], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env, BODY: program(body) },
  });
}

async function stdoutOf(child: ReturnType<typeof run>): Promise<string> {
  afterThisTest(() => void child.kill('SIGKILL'));
  const closed = once(child, 'close');
  let text = '';
  for await (const chunk of child.stdout?.setEncoding('utf8') ?? []) text += chunk;
  await closed;
  return text;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-log-'));
  afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('stderr as the log', () => {
  it('loses no line to a file, however many come at once', async () => {
    const file = join(temporaryFolder(), 'log');
    await stdoutOf(
      run(
        `2> '${file}'`,
        "for (let index = 0; index < 20000; index += 1) output.write('x'.repeat(400) + '\\n');",
      ),
    );
    expect(readFileSync(file, 'utf8').split('\n')).to.have.lengthOf(20_001);
  });

  it('goes on at a full disk, and says how many lines it took once there is room', async function () {
    const folder = temporaryFolder();
    // A separate file system, in a mount namespace that ends with the shell.
    if (spawnSync('unshare', ['-m', 'true']).status !== 0) this.skip();
    const script = `mount -t tmpfs -o size=64k none '${folder}' && "$0" --input-type=module -e "$BODY" 2> '${folder}/log'; cat '${folder}/log'`;
    const log = execFileSync('unshare', ['-m', 'bash', '-c', script, process.execPath], {
      encoding: 'utf8',
      env: {
        ...process.env,
        BODY: program(`
          import { rmSync, writeFileSync } from 'node:fs';
          writeFileSync('${folder}/ballast', 'x'.repeat(48 * 1024));
          for (let index = 0; index < 100; index += 1) output.write('line ' + index + ' ' + 'x'.repeat(1000) + '\\n');
          rmSync('${folder}/ballast');
          output.write('there is room again\\n');`),
      },
    });
    const lines = log.trimEnd().split('\n');
    const whole = lines.filter((line) => /^line \d+ x{1000}$/.test(line)).length;
    expect(JSON.parse(lines.at(-2) ?? '').msg).to.equal(
      `${100 - whole} log lines were dropped: stderr could not be written (ENOSPC).`,
    );
    expect(lines.at(-1)).to.equal('there is room again');
  });

  for (const [what, redirection] of [
    ['a pipe', '2> >(exec sleep 5 > /dev/null)'],
    ['a FIFO', '2<> "$FIFO"'],
  ] as const) {
    it(`never blocks on ${what} that nobody reads, whatever child processes do to it`, async () => {
      const fifo = join(temporaryFolder(), 'fifo');
      execFileSync('mkfifo', [fifo]);
      const child = run(
        redirection,
        `import { spawnSync } from 'node:child_process';
         // libuv makes what a child process inherits blocking.
         spawnSync('true', { stdio: 'inherit' });
         for (let index = 0; index < 1000; index += 1) output.write('x'.repeat(1000) + '\\n');
         await output.close();
         console.log('closed');
         process.kill(process.pid, 'SIGKILL');`,
        { FIFO: fifo },
      );
      expect(await stdoutOf(child)).to.equal('closed\n');
    });
  }

  it('never blocks on a socket that nobody reads', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        program(`import { spawnSync } from 'node:child_process';
          spawnSync('true', { stdio: 'inherit' });
          for (let index = 0; index < 1000; index += 1) output.write('x'.repeat(1000) + '\\n');
          await output.close();
          console.log('closed');
          process.kill(process.pid, 'SIGKILL');`),
      ],
      // Node creates a pair of sockets for a child process.
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    expect(await stdoutOf(child as unknown as ReturnType<typeof run>)).to.equal('closed\n');
  });

  it('takes lines for a disk that is full from the start', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        program("output.write('a\\n'); await output.close(); console.log('closed');"),
      ],
      { stdio: ['ignore', 'pipe', openSync('/dev/full', 'w')] },
    );
    expect(await stdoutOf(child as unknown as ReturnType<typeof run>)).to.equal('closed\n');
  });
});
