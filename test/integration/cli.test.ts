import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { TEXT_OPTION_NAMES, variableName } from '../../src/config/option-table.js';
import { afterThisTest } from '../support/cleanup.js';
import { runCliHere } from '../support/cli-in-process.js';
import { type CliOptions, type CliProcess, runCli, startCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import { expectEndAtOnce } from '../support/end-at-once.js';
import { fixtureModule, joined, toolsModule } from '../support/modules.js';
import { projectRoot } from '../support/project.js';

const FREE_PORTS = ['--port', '0', '--admin-port', '0'];
/** Where the module does not matter: to bundle it takes twice as long as the rest of the start. */
const QUICKLY = ['--no-bundle'];
/** To be used with `QUICKLY`. */
const tools = fileURLToPath(joined(toolsModule));

function temporaryFile(name: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-cli-'));
  afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** An option that is on by default has a flag that turns it off. */
const OFF: Readonly<Record<string, string>> = { bundle: 'no-bundle', 'fast-path': 'no-fast-path' };

describe('the command line', () => {
  it('tells its version', async () => {
    const exit = await runCli(['--version']);
    expect(exit.code).to.equal(0);
    expect(exit.stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });

  it('tells its commands', async () => {
    const exit = await runCli(['--help']);
    expect(exit).to.include({ code: 0, stderr: '' });
    expect(exit.stdout)
      .to.match(/^ {2}serve /m)
      .and.match(/^ {2}call /m);
  });

  it('tells every option of serve with its variable and its default', async () => {
    const exit = await runCliHere(['serve', '--help']);
    expect(exit.code).to.equal(0);
    const words = exit.stdout.replace(/\s+/g, ' ');
    for (const name of TEXT_OPTION_NAMES) {
      expect(words).to.match(new RegExp(`\\(default: [^()]+, env: ${variableName(name)}\\)`));
      expect(words).to.include(name === 'server-module' ? '[server-module]' : `--${OFF[name] ?? name}`);
    }
  });

  it('shows the help on stderr when it is given no command', async () => {
    const exit = await runCli([]);
    expect(exit).to.include({ code: 2, stdout: '' });
    expect(exit.stderr).to.match(/^Usage: bulkhead/);
  });

  it('ends with the exit code of what it refuses', async () => {
    const { code, stdout, stderr } = await runCli(['serve', '--port', '70000']);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.match(/^bulkhead: --port is "70000", [^\n]*\n$/);
  });

  describe('refuses with exit code 2 and one sentence', () => {
    const broken = (content: string): string => temporaryFile('bulkhead.json', content);
    const cases: [name: string, args: () => string[], env: Record<string, string>, sentence: RegExp][] = [
      ['an unknown command', () => ['srve'], {}, /^unknown command 'srve' \(Did you mean serve\?\)$/],
      [
        'an unknown flag',
        () => ['serve', '--prot', '1'],
        {},
        /^unknown option '--prot' \(Did you mean --port\?\)$/,
      ],
      [
        'a flag without its value',
        () => ['serve', '--port'],
        {},
        /^option '--port <number>' argument missing$/,
      ],
      ['two server modules', () => ['serve', 'a.mjs', 'b.mjs'], {}, /^too many arguments for 'serve'/],
      [
        'a wrong flag',
        () => ['serve', '--port', '70000'],
        {},
        /^--port is "70000", but must be an integer from 0 to 65535\.$/,
      ],
      [
        'a wrong variable',
        () => ['serve'],
        { BULKHEAD_KEEP_ALIVE: 'often' },
        /^BULKHEAD_KEEP_ALIVE is "often", but must be a duration/,
      ],
      [
        'a wrong key',
        () => ['serve', '--config', broken('{"threadNice": 99}')],
        {},
        /^"threadNice" in .*bulkhead\.json is 99, but must be an integer from 0 to 19\.$/,
      ],
      [
        'an unknown key',
        () => ['serve', '--config', broken('{"prot": 1}')],
        {},
        /^"prot" in .*bulkhead\.json is not an option \(did you mean "port"\?\)\.$/,
      ],
      [
        'a config file that is not JSON',
        () => ['serve', '--config', broken('{"port" 1}')],
        {},
        /is not JSON: unexpected "1" at line 1, column 9\.$/,
      ],
      [
        'wrong servers where it is strict, all of them',
        () => ['serve', '--strict', '--config', broken('{"servers": {"a": {}, "b": {"comand": "b"}}}')],
        {},
        /^"servers\.a" in .*bulkhead\.json must have one of .*\. "servers\.b\.comand" in .* \(did you mean "command"\?\)\.$/,
      ],
      [
        'one session of several servers, before any of them is started',
        () => ['stdio', '--config', broken('{"servers": {"a": {"command": "a"}, "b": {"command": "b"}}}')],
        {},
        /^There are several servers: choose one with --server: a, b\.$/,
      ],
      [
        "a client's file without servers",
        () => ['serve', temporaryFile('.mcp.json', '{}')],
        {},
        /^The client's file .*\.mcp\.json must have "mcpServers"/,
      ],
      ['no command after --', () => ['serve', '--'], {}, /^-- must be followed by a command/],
      [
        'a module and a command',
        () => ['serve', temporaryFile('a.mjs', ''), '--', 'npx', '--port', 'x'],
        {},
        /^\[server-module\] and -- both say what is served: keep one of them\.$/,
      ],
      [
        'a config file that is not there',
        () => ['serve'],
        { BULKHEAD_CONFIG: '/nowhere/bulkhead.json' },
        /^The config file \/nowhere\/bulkhead\.json \(BULKHEAD_CONFIG\) cannot be read: ENOENT/,
      ],
      [
        'a host that others reach, without a token',
        () => ['serve', '--host', '0.0.0.0'],
        {},
        /^--host is "0\.0\.0\.0", which other machines can reach/,
      ],
      [
        'a server module that is not there',
        () => ['serve', './nowhere.mjs'],
        {},
        /^\[server-module\] is "\.\/nowhere\.mjs", but must be/,
      ],
    ];
    for (const [name, args, env, sentence] of cases) {
      it(name, async () => {
        const exit = await runCliHere(args(), { env });
        expect(exit).to.include({ code: 2, stdout: '' });
        expect(exit.stderr).to.match(/^bulkhead: [^\n]*\n$/);
        expect(exit.stderr.slice('bulkhead: '.length, -1)).to.match(sentence);
      });
    }
  });
});

interface Served extends CliProcess {
  readonly mcp: string;
  readonly admin: string;
}

/** A gateway in a separate process, on free ports, once it has printed its addresses. */
async function serve(args: readonly string[], options: CliOptions = {}): Promise<Served> {
  const cli = startCli(['serve', ...args, ...FREE_PORTS], options);
  const [, mcp] = await cli.printed('stdout', /^MCP server +(http:\S+)$/m);
  const [, admin] = await cli.printed('stdout', /^Admin server +(http:\S+)$/m);
  await cli.printed('stdout', /claude mcp add .*\n/);
  return { ...cli, mcp: mcp!, admin: admin! };
}

async function readiness({ admin }: Served): Promise<number> {
  const response = await fetch(new URL('/readyz', admin), { headers: { connection: 'close' } });
  await response.body?.cancel();
  return response.status;
}

describe('bulkhead serve', () => {
  it('prints both addresses and the line to paste for Claude Code', async () => {
    const served = await serve([]);
    expect(new URL(served.mcp)).to.include({ hostname: '127.0.0.1', pathname: '/mcp' });
    const [, line] = await served.printed('stdout', /^ *(claude mcp add .*)$/m);
    expect(line).to.equal(`claude mcp add --transport http env ${served.mcp}`);
    expect(await readiness(served)).to.equal(200);
  });

  it('serves a command, named after what it starts', async () => {
    const program = join(projectRoot, 'test/fixtures/programs/odd-server.mjs');
    const cli = startCli(['serve', ...FREE_PORTS, '--', process.execPath, program]);
    const [, name, url] = await cli.printed('stdout', /claude mcp add --transport http (\S+) (\S+)\n/);
    expect(name).to.equal('odd-server');
    const exit = await runCli(['call', url!, 'echo', '{"message": "hello"}']);
    expect(exit).to.deep.include({ code: 0, stdout: 'hello\n' });
  });

  it('serves a module in processes with --isolation process', async () => {
    const module = join(projectRoot, 'test/fixtures/modules/perilous.mjs');
    const served = await serve([module, '--isolation', 'process', ...QUICKLY]);
    const { stdout } = await runCli(['call', served.mcp, 'process', '{}']);
    expect(JSON.parse(stdout)).to.include({ isMainThread: true });
  });

  it("serves a client's file as it is: what can be served, and why the rest cannot", async () => {
    const args = [join(projectRoot, 'test/fixtures/programs/odd-server.mjs')];
    const mcpServers = {
      odd: { type: 'stdio', command: process.execPath, args, env: {}, timeout: 60_000 },
      remote: { type: 'http', url: 'https://mcp.example/mcp' },
      wrong: { comand: 'npx' },
    };
    const file = temporaryFile('.mcp.json', JSON.stringify({ mcpServers }));
    const cli = startCli(['serve', file, ...FREE_PORTS]);
    const [printed, url] = await cli.printed('stdout', /MCP servers +(\S+)\n[\s\S]*claude mcp add .*\n/);
    expect(printed).to.match(
      /\/wrong\/mcp +cannot be served: "mcpServers\.wrong" in .*\.mcp\.json must have one of/,
    );
    await cli.printed('stderr', /mcpServers\.remote\\" in .*\.mcp\.json is a remote server/);
    const exit = await runCli(['call', url!, 'echo', '{"message": "hello"}']);
    expect(exit).to.deep.include({ code: 0, stdout: 'hello\n' });
  });

  it('connects Claude Code under the name that the module gives itself, and never prints the token', async () => {
    const module = temporaryFile(
      'server.mjs',
      "export default { name: 'my tools.v2', version: '1', setup() {} };\n",
    );
    const served = await serve([module], { env: { BULKHEAD_TOKEN: 'hush-hush' } });
    const [, line] = await served.printed('stdout', /^ *(claude mcp add .*)$/m);
    expect(line).to.equal(
      `claude mcp add --transport http my-tools-v2 ${served.mcp} --header "Authorization: Bearer $BULKHEAD_TOKEN"`,
    );
    served.child.kill('SIGTERM');
    const exit = await served.exited();
    expect(exit.stdout + exit.stderr).not.to.include('hush-hush');
  });

  it('answers bulkhead call', async () => {
    const served = await serve([fileURLToPath(fixtureModule('deaths'))]);
    const exit = await runCli(['call', served.mcp, 'echo', '{"text": "through the wall"}']);
    expect(exit).to.deep.include({ code: 0, stdout: 'through the wall\n', stderr: '' });
  });

  it('lets a call in flight finish before it exits', async () => {
    const served = await serve([tools, ...QUICKLY]);
    const call = startCli(['call', served.mcp, 'slow', '{"ms": 1500}']);
    await inFlight(served);
    served.child.kill('SIGTERM');
    expect(await call.exited()).to.include({ code: 0, stdout: 'waited 1500\n' });
    expect(await served.exited()).to.include({ code: 0, signal: null });
  });

  it('logs its start and its stop: what it is, where it listens, who stops it', async () => {
    const served = await serve([tools, ...QUICKLY, '--log-format', 'json']);
    const [started] = await served.printed('stderr', /^.*"gateway started".*$/m);
    expect(JSON.parse(started)).to.include({
      pid: served.child.pid,
      url: served.mcp,
      serverModule: String(pathToFileURL(tools)),
    });
    expect(JSON.parse(started).limits).to.include({ maxSessions: 10_000 });
    served.child.kill('SIGTERM');
    const { stderr } = await served.exited();
    const stops = stderr.split('\n').find((line) => line.includes('"gateway stops"')) ?? '{}';
    expect(JSON.parse(stops)).to.include({ cause: 'SIGTERM', requestsInFlight: 0 });
  });

  it('exits at once with 128 and the number of the signal at a second one', async () => {
    const served = await serve([tools, ...QUICKLY, '--drain-timeout', '1m']);
    startCli(['call', served.mcp, 'slow', '{"ms": 60000}']);
    await inFlight(served);
    served.child.kill('SIGTERM');
    await until(async () => (await readiness(served)) === 503, 'the drain');
    served.child.kill('SIGINT');
    const end = await served.exited();
    await expectEndAtOnce(end, 130, () => end.stderr);
  });

  it('goes on when nobody reads its output any more', async () => {
    const served = await serve([tools, ...QUICKLY]);
    served.child.stdout?.destroy();
    served.child.stderr?.destroy();
    const exit = await runCli(['call', served.mcp, 'print', '{"message": "into the void"}']);
    expect(exit.code).to.equal(0);
    expect(await readiness(served)).to.equal(200);
    served.child.kill('SIGTERM');
    expect(await served.exited()).to.include({ code: 0, signal: null });
  });

  it('tells where the system refuses thread-nice, once', async function () {
    // Linux lowers the priority of one thread by its id, which a thread reads from /proc. A namespace without /proc
    // needs root.
    const within = ['unshare', '-m', 'sh', '-c', 'umount -l /proc && exec "$@"', 'sh'];
    if (spawnSync('unshare', ['-m', 'umount', '-l', '/proc']).status !== 0) this.skip();
    const cli = startCli(
      ['serve', tools, ...FREE_PORTS, ...QUICKLY, '--spare-threads', '2', '--log-format', 'json'],
      {
        within,
      },
    );
    await cli.printed('stderr', /thread-nice: the system did not lower the priority of session threads/);
    const [, admin] = await cli.printed('stdout', /Admin server +(\S+)\//);
    const scrape = await (await fetch(`${admin}/metrics`)).text();
    expect(scrape)
      .to.match(/^bulkhead_threads/m)
      .and.not.match(/^process_resident_memory_bytes/m);
    cli.child.kill('SIGTERM');
    const { code, stderr } = await cli.exited();
    expect(code).to.equal(0);
    expect(stderr.match(/thread-nice:/g)).to.have.lengthOf(1);
  });

  it('warns of variables that look like options', async () => {
    const served = await serve([tools, ...QUICKLY], { env: { BULKHEAD_PROT: '1' } });
    await served.printed(
      'stderr',
      /BULKHEAD_PROT is not a variable of bulkhead \(did you mean "BULKHEAD_PORT"\?\)/,
    );
  });

  describe('tells in one sentence why it cannot start, and exits with 1', () => {
    for (const flag of ['--port', '--admin-port']) {
      it(`${flag} is in use`, async () => {
        const occupant = createServer().listen(0, '127.0.0.1');
        await once(occupant, 'listening');
        afterThisTest(() => void occupant.close());
        const { port } = occupant.address() as AddressInfo;
        const exit = await runCli(['serve', tools, ...FREE_PORTS, ...QUICKLY, flag, String(port)]);
        expect(exit).to.include({ code: 1, stdout: '' });
        expect(lastSentence(exit.stderr))
          .to.match(/^bulkhead: .*in use/)
          .and.include(String(port));
      });
    }

    it('the module throws', async () => {
      const exit = await runCli(['serve', fileURLToPath(fixtureModule('broken-import')), ...FREE_PORTS]);
      expect(exit).to.include({ code: 1, stdout: '' });
      // The lines below it show the place in the module.
      const [first] = exit.stderr.split('\n');
      expect(first)
        .to.match(/^bulkhead: /)
        .and.match(/the database is not there/);
    });
  });
});

/** The last line; warnings and log lines may come before it. */
function lastSentence(stderr: string): string {
  return stderr.trimEnd().split('\n').at(-1) ?? '';
}

/** Waits until a session of the gateway has a tool call in flight. */
async function inFlight({ admin }: Served): Promise<void> {
  await until(async () => {
    const response = await fetch(new URL('/sessions', admin), { headers: { connection: 'close' } });
    return (await response.text()).includes('tools/call');
  }, 'a call in flight');
}
