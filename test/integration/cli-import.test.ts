/** `bulkhead import` as it is typed. What moves, and what it becomes, is in test/unit/client-configs/. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect } from 'chai';
import { HAS_PROCESS_TABLE, readProcess } from '../../src/shared/process-table.js';
import { isAlive } from '../fixtures/children/observed-processes.js';
import { afterThisTest } from '../support/cleanup.js';
import { runCliHere } from '../support/cli-in-process.js';
import { type CliExit, type CliOptions, type CliProcess, runCli, startCli } from '../support/cli-process.js';
import { ClientFiles } from '../support/client-files.js';
import { until } from '../support/deadline.js';
import { projectRoot } from '../support/project.js';

const MEMORY = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'] };
const twoTools = join(projectRoot, 'test', 'fixtures', 'stdio', 'two-tools.mjs');
const SECRET = 'sk-0123456789abcdef';

/** What a client's file has after the import. */
interface Entries {
  readonly mcpServers: { readonly two: { url: string; command: string; args: string[] } };
}

/** One that nothing listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('bulkhead import', () => {
  let files: ClientFiles;
  beforeEach(() => {
    files = new ClientFiles();
  });

  /** The project, and the home folder of this test. */
  const surroundings = (env: CliOptions['env'] = {}) => {
    const own = { HOME: files.home, XDG_CONFIG_HOME: '', CODEX_HOME: '', CLAUDE_CONFIG_DIR: files.home };
    return { cwd: files.project, env: { ...own, ...env } };
  };

  function start(args: readonly string[], { env, within }: CliOptions = {}): CliProcess {
    return startCli(['import', ...args], { ...surroundings(env), ...(within && { within }) });
  }

  function run(args: readonly string[], env?: Record<string, string>): Promise<CliExit> {
    return runCliHere(['import', ...args], surroundings(env));
  }

  it('shows the difference, and does nothing', async () => {
    files.write('.claude.json', { mcpServers: { memory: MEMORY } });
    const before = files.read('.claude.json');
    const exit = await start([]).exited();
    expect(exit).to.include({ code: 0, stderr: '' });
    const lines = exit.stdout.split('\n');
    expect(lines.slice(0, 2)).to.deep.equal([
      `To ${files.path('project/bulkhead.json')}:`,
      '  memory (Claude Code, user scope)  http://127.0.0.1:3000/memory/mcp',
    ]);
    expect(lines).to.include.members([
      '--- (new)',
      `+++ ${files.path('project/bulkhead.json')}`,
      `--- ${files.path('.claude.json')}`,
      '-      "command": "npx",',
      '+      "type": "http",',
      '+      "url": "http://127.0.0.1:3000/memory/mcp"',
      'Nothing is written. The same with --write does it.',
    ]);
    expect(files.read('.claude.json')).to.equal(before);
    expect(files.has('project/bulkhead.json')).to.equal(false);
  });

  it('does it with --write, and takes it back with --undo', async () => {
    const path = files.write('.claude.json', { mcpServers: { memory: MEMORY } });
    const before = files.read('.claude.json');
    const written = await run(['--write']);
    expect(written).to.include({ code: 0, stderr: '' });
    expect(written.stdout).to.include(`Written: ${path} (before: ${path}.bulkhead-backup)`);
    expect(files.json('project/bulkhead.json')).to.deep.equal({ servers: { memory: MEMORY } });
    const again = await run(['--write']);
    expect(again).to.include({ code: 0 });
    expect(again.stdout).to.match(
      /^There is nothing to move\.\n\nNot moved:\n {2}memory .*: it is moved already\.\n$/,
    );

    const undone = await run(['--undo']);
    expect(undone).to.include({ code: 0, stderr: '' });
    expect(files.read('.claude.json')).to.equal(before);
    const nothing = await run(['--undo']);
    expect(nothing).to.include({ code: 1, stdout: '' });
    expect(nothing.stderr).to.match(/^bulkhead: There is nothing to undo: .*import-record does not exist/);
  });

  it('leads clients to servers that the gateway serves, over the bridge those that know commands only', async () => {
    const port = await freePort();
    files.write('project/bulkhead.json', { port, adminPort: 0 });
    const two = { command: process.execPath, args: [twoTools], env: { PID_FILE: files.path('pid') } };
    files.write('.claude.json', { mcpServers: { two } });
    files.write('.config/Claude/claude_desktop_config.json', { mcpServers: { two } });
    // In a process of its own: the bridge is what the command was started as.
    const written = await start(['--write'], { env: { XDG_CONFIG_HOME: files.path('.config') } }).exited();
    expect(written).to.include({ code: 0 });
    const gateway = startCli(['serve', '--config', 'bulkhead.json'], { cwd: files.project });
    await gateway.printed('stdout', /^MCP server /m);

    const { url } = (files.json('.claude.json') as unknown as Entries).mcpServers.two;
    expect(await runCli(['call', url, 'one', '--json'])).to.include({ code: 0, stdout: '{"content":[]}\n' });

    const desktop = (files.json('.config/Claude/claude_desktop_config.json') as unknown as Entries).mcpServers
      .two;
    const client = new Client({ name: 'desktop', version: '1.0.0' });
    await client.connect(new StdioClientTransport(desktop));
    afterThisTest(() => client.close());
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).to.deep.equal(['one', 'two']);
  });

  it('moves those of one client and scope, into the file that --config names', async () => {
    files.write('.claude.json', { mcpServers: { memory: MEMORY } });
    files.write('project/.mcp.json', { mcpServers: { shared: MEMORY } });
    files.write('.cursor/mcp.json', { mcpServers: { memory: MEMORY } });
    const exit = await run([
      '--client',
      'claude-code',
      '--scope',
      'project',
      '--config',
      '../gateway.json',
      '--write',
    ]);
    expect(exit).to.include({ code: 0 });
    expect(files.json('gateway.json')).to.deep.equal({
      servers: { shared: { ...MEMORY, cwd: files.project } },
    });
    expect(files.json('.claude.json')).to.deep.equal({ mcpServers: { memory: MEMORY } });
    expect(files.json('.cursor/mcp.json')).to.deep.equal({ mcpServers: { memory: MEMORY } });
  });

  it('never prints a secret, and says what servers no longer inherit', async () => {
    files.write('.claude.json', {
      primaryApiKey: 'anything-hushhush',
      mcpServers: {
        a: { command: 'x', args: [`--token=${SECRET}`], env: { A_KEY: SECRET, B: '${UNSET_ONE}' } },
        remote: { type: 'http', url: 'https://u:hushhush@example.com/', headers: { 'X-Auth': 'hushhush' } },
      },
    });
    const exit = await run(['--write'], { GITHUB_TOKEN: 'ghp_hushhush' });
    expect(exit).to.include({ code: 0 });
    expect(exit.stdout, 'lines around the entry').to.include('"primaryApiKey": "(not shown)"');
    expect(exit.stdout + exit.stderr)
      .to.not.include(SECRET)
      .and.not.include('hushhush');
    expect(exit.stdout).to.include('a gets UNSET_ONE.').and.include('GITHUB_TOKEN').and.include('mode 0600');
    expect(exit.stderr).to.equal(
      'bulkhead: warning: Not set here, and needed where the gateway starts: UNSET_ONE.\n',
    );
    expect(files.read('project/bulkhead.json')).to.include(SECRET);
  });

  it('exits with 1 where a file is broken, and moves what others have', async () => {
    files.write('.claude.json', '{');
    files.write('.cursor/mcp.json', { mcpServers: { memory: MEMORY } });
    const exit = await run(['--write']);
    expect(exit).to.include({ code: 1 });
    expect(exit.stderr).to.equal(
      `bulkhead: ${files.path('.claude.json')} is not JSON: the text ends too early at line 1, column 2. It is left as it is.\n`,
    );
    expect(files.json('project/bulkhead.json')).to.deep.equal({ servers: { memory: MEMORY } });
    expect(files.read('.claude.json')).to.equal('{');
  });

  it('changes nothing where a folder is read-only', async function () {
    files.write('.claude.json', { mcpServers: { memory: MEMORY } });
    files.write('.cursor/mcp.json', { mcpServers: { memory: MEMORY } });
    const folder = files.path('.cursor');
    let within: string[] | undefined;
    if (process.geteuid?.() === 0) {
      // File modes forbid nothing to root.
      const remount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
      within = ['unshare', '-m', 'sh', '-c', remount, folder];
      if (spawnSync(within[0]!, [...within.slice(1), 'true']).status !== 0) this.skip();
    } else chmodSync(folder, 0o500);
    const exit = await start(['--write'], within && { within }).exited();
    chmodSync(folder, 0o700);
    expect(exit).to.include({ code: 1 });
    expect(exit.stderr).to.match(/^bulkhead: (?:EROFS|EACCES).*\. Nothing is changed\.\n$/);
    expect(files.json('.claude.json')).to.deep.equal({ mcpServers: { memory: MEMORY } });
    expect(files.has('project/bulkhead.json')).to.equal(false);
    expect(files.has('.claude.json.bulkhead-backup')).to.equal(false);
  });

  it("names what it can't edit", async () => {
    files.write('.codex/config.toml', '[mcp_servers.memory]\ncommand = "npx"\n');
    const exit = await run([], { CODEX_HOME: files.path('.codex') });
    expect(exit).to.include({ code: 0, stdout: 'There is nothing to move.\n' });
    expect(exit.stderr).to.match(
      /^bulkhead: warning: Codex: .*config\.toml is TOML, which import does not edit\./,
    );
  });

  describe('with --check', () => {
    it('says what each server offers and costs, and ends it with everything that it started', async () => {
      const pidFile = files.path('pid');
      files.write('.claude.json', {
        mcpServers: { two: { command: process.execPath, args: [twoTools], env: { PID_FILE: pidFile } } },
      });
      const exit = await start(['--check', '--write']).exited();
      expect(exit).to.include({ code: 0, stderr: '' });
      expect(exit.stdout).to.match(/^ {2}two: 2 tools \(one, two\), 1 prompt$/m);
      const cost = /^ {4}in a process for each session \(as "script", .*\); ready after \d+\.\d s(.*)$/m.exec(
        exit.stdout,
      );
      if (HAS_PROCESS_TABLE) {
        expect(cost?.[1]).to.match(/^, \d+ MiB resident in 2 processes$/);
        expect(
          readProcess(Number(readFileSync(pidFile)))?.zombie ?? true,
          'what it started is gone',
        ).to.equal(true);
      }
      expect(exit.stdout).to.match(/^ {4}1 line on stdout that is no message$/m);
      expect(exit.stdout).to.match(/^Written: /m);
    });

    it('is ended by the next check where it is killed, with everything that it started', async function () {
      if (!HAS_PROCESS_TABLE) this.skip();
      // It answers nothing, so the check waits.
      const code = `process.on('SIGTERM', () => {}); require('node:fs').writeFileSync(process.env.PID_FILE, String(process.pid));
        setInterval(() => {}, 1000)`;
      const pidFile = files.path('pid');
      const silent = { command: process.execPath, args: ['-e', code], env: { PID_FILE: pidFile } };
      files.write('.claude.json', { mcpServers: { silent } });
      const check = start(['--check']);
      const pid = await until(
        () => existsSync(pidFile) && Number(readFileSync(pidFile)),
        'the server to start',
      );
      const ended = once(check.child, 'exit');
      check.child.kill('SIGKILL');
      await ended;
      start(['--check']);
      await until(() => !isAlive(pid), 'the end of the server');
    });

    it('writes nothing when one does not start, and says why', async () => {
      files.write('.claude.json', {
        mcpServers: {
          absent: { command: '/nowhere/server' },
          ends: {
            command: process.execPath,
            args: ['-e', 'console.error(`no ${process.env.A_KEY}`); process.exit(3)'],
            env: { A_KEY: SECRET },
          },
        },
      });
      const exit = await start(['--check', '--write']).exited();
      expect(exit).to.include({ code: 1 });
      expect(exit.stdout)
        .to.match(/^ {2}absent: does not start: spawn \/nowhere\/server ENOENT$/m)
        .and.match(/^ {2}ends: does not start: it ended with exit code 3 \(no \(not shown\)\)$/m)
        .and.match(/^Nothing is written, since not every server starts\.$/m);
      expect(files.has('project/bulkhead.json')).to.equal(false);
    });

    it('checks those that are moved already, and stops at a signal', async () => {
      const hangs = { command: process.execPath, args: ['-e', 'process.stdin.resume()'] };
      files.write('project/bulkhead.json', { servers: { hangs } });
      const cli = start(['--check']);
      await cli.printed('stdout', /^Checked:$/m);
      cli.child.kill('SIGINT');
      expect(await cli.exited()).to.include({ code: 130 });
    });
  });

  describe('refuses', () => {
    const cases: [name: string, args: string[], file: string, code: number, sentence: RegExp][] = [
      [
        'an unknown client',
        ['--client', 'cursr'],
        '{}',
        2,
        /^--client is "cursr" \(did you mean "cursor"\?\), but must be one of claude-code, /,
      ],
      [
        'an unknown scope',
        ['--scope', 'mine'],
        '{}',
        2,
        /^--scope is "mine", but must be one of user, project, local\.$/,
      ],
      [
        '--undo with --write',
        ['--undo', '--write'],
        '{}',
        2,
        /^option '--undo' cannot be used with option '--write'$/,
      ],
      [
        "a gateway's file that is no JSON",
        [],
        '{',
        1,
        /bulkhead\.json is not JSON: .*It is left as it is\.$/,
      ],
      ['one whose servers are no object', [], '{"servers": []}', 1, /^"servers" in .* is not an object\.$/],
      ['one without a known port', [], '{"port": 0}', 1, /^"port" in .* must be a port from 1 to 65535/],
      [
        'one in a folder that does not exist, before anything would be written',
        ['--config', 'none/here/bulkhead.json'],
        '{}',
        1,
        /^The gateway's file cannot be .*\/none\/here\/bulkhead\.json: there is no folder .*\/none\/here\. Make it, or give another --config\.$/,
      ],
    ];
    for (const [name, args, file, code, sentence] of cases) {
      it(name, async () => {
        files.write('project/bulkhead.json', file);
        const exit = await run(args);
        expect(exit).to.include({ code, stdout: '' });
        expect(exit.stderr.replace(/^bulkhead: |\n$/g, '')).to.match(sentence);
      });
    }
  });
});
