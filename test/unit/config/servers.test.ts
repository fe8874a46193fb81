// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested.
/** `servers` of the config file and of createGateway. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { fromApi, type GatewayOptions, resolveOptions } from '../../../src/config/options.js';
import type { BrokenEntry, Catalogue, ServerEntry } from '../../../src/servers/server-entry.js';
import { ENDPOINTS } from '../../../src/transports/http/server-directory.js';
import { createOptionFolder, type OptionFolder, sentenceOf } from '../../support/option-folder.js';
import { installPackage } from '../../support/packages.js';

describe('servers', () => {
  let folder: OptionFolder;

  before(() => {
    folder = createOptionFolder();
    writeFileSync(join(folder.path, 'program.js'), '');
  });

  after(() => folder.remove());

  const catalogueOf = (servers: object, options: object = {}): Catalogue =>
    folder.fromFile({ servers, ...options }).catalogue;

  /** The only server of the file. */
  function entryOf(entry: object, options?: object): ServerEntry {
    const { servers, broken } = catalogueOf({ fs: entry }, options);
    expect(broken).to.deep.equal([]);
    return servers[0]!;
  }

  /** What is wrong with the only server of the file. */
  function reasonOf(entry: unknown, options?: object): string {
    const { servers, broken } = catalogueOf({ fs: entry }, options);
    expect(servers).to.deep.equal([]);
    return broken[0]!.reason;
  }

  describe('by kind', () => {
    it('are modules, in threads', () => {
      const moduleUrl = pathToFileURL(join(folder.path, 'server.mjs')).href;
      const entry = { kind: 'module', moduleUrl, isolation: 'thread', startTimeoutMs: 30_000 };
      expect(entryOf({ module: './server.mjs' })).to.deep.include(entry);
    });

    it('are the built-in server', () => {
      const entry = { kind: 'module', moduleUrl: undefined, isolation: 'process' };
      expect(entryOf({ module: 'builtin:environment', isolation: 'process' })).to.deep.include(entry);
    });

    it('are Node programs, in threads', () => {
      const script = join(folder.path, 'program.js');
      const entry = { kind: 'script', script, args: ['--root', '.'], isolation: 'thread' };
      expect(entryOf({ script: 'program.js', args: ['--root', '.'] })).to.deep.include(entry);
    });

    it('are the commands of installed packages, in threads', () => {
      const file = installPackage(folder.path, '@scope/server-memory', { bin: 'dist/index.js' });
      const entry = { kind: 'script', script: file('dist/index.js'), args: [], isolation: 'thread' };
      expect(entryOf({ package: '@scope/server-memory' })).to.deep.include(entry);
    });

    it('are commands, in processes', () => {
      const entry = { kind: 'command', command: 'uvx', args: ['mcp-server-git'], isolation: 'process' };
      expect(entryOf({ type: 'stdio', command: 'uvx', args: ['mcp-server-git'] })).to.deep.include(entry);
    });

    it('start commands that are paths from the folder of the file, and others by PATH', () => {
      expect(entryOf({ command: './bin/server' })).to.include({ command: join(folder.path, 'bin/server') });
      expect(entryOf({ command: 'server' })).to.include({ command: 'server' });
    });
  });

  describe('by default', () => {
    it('start in the folder of the file, with the limits of the gateway', () => {
      const { source, ...entry } = entryOf({ command: 'server' });
      expect(source).to.equal('bulkhead.json, servers.fs');
      expect(entry).to.deep.equal({
        kind: 'command',
        name: 'fs',
        command: 'server',
        args: [],
        isolation: 'process',
        env: {},
        inheritEnv: [],
        cwd: folder.path,
        startTimeoutMs: 30_000,
        spares: undefined,
        sleepAfterMs: undefined,
        lists: 'learned',
        affinity: undefined,
        reuse: undefined,
        openTool: undefined,
        closeTool: undefined,
        tools: undefined,
        processMemoryMb: 1_024,
        overrides: {},
      });
    });

    it('have 5 minutes to start where the command may have to download them', () => {
      expect(entryOf({ command: 'npx', args: ['-y', 'a'] }).startTimeoutMs).to.equal(300_000);
      expect(entryOf({ command: 'npx', args: ['-y', 'a'], 'start-timeout': '10s' }).startTimeoutMs).to.equal(
        10_000,
      );
    });

    it("have the gateway's start timeout where it is given, downloaded or not", () => {
      const options = { 'start-timeout': '20s' };
      expect(entryOf({ command: 'npx' }, options).startTimeoutMs).to.equal(20_000);
      expect(entryOf({ command: 'server' }, options).startTimeoutMs).to.equal(20_000);
    });

    it("have the gateway's process memory", () => {
      expect(entryOf({ command: 'a' }, { 'process-memory-mb': 64 }).processMemoryMb).to.equal(64);
      expect(entryOf({ command: 'a', 'process-memory-mb': 32 }).processMemoryMb).to.equal(32);
    });
  });

  describe('with keys of their own', () => {
    it('have them in either spelling', () => {
      for (const entry of [
        { command: 'a', 'sleep-after': '5m', 'inherit-env': true, spares: 1, lists: 'dynamic' },
        { command: 'a', sleepAfter: 300_000, inheritEnv: true, spares: '1', lists: 'dynamic' },
      ]) {
        const expected = { sleepAfterMs: 300_000, inheritEnv: true, spares: 1, lists: 'dynamic' };
        expect(entryOf(entry)).to.deep.include(expected);
      }
    });

    it('go over the options of the gateway, and leave the others', () => {
      const { overrides } = entryOf({
        command: 'a',
        'session-idle': '1h',
        'session-max-age': 'none',
        'disconnect-grace': 0,
      });
      expect(overrides).to.deep.equal({
        sessionIdleMs: 3_600_000,
        sessionMaxAgeMs: undefined,
        disconnectGraceMs: 0,
      });
    });

    it('take the other limit of a thread along', () => {
      const limits = (entry: object, options?: object): object =>
        entryOf({ module: 'builtin:environment', ...entry }, options).overrides;
      expect(limits({ 'thread-heap-mb': 2_048 })).to.deep.equal({
        threadHeapMb: 2_048,
        threadMemoryMb: 2_048,
      });
      expect(limits({ 'thread-memory-mb': 64 })).to.deep.equal({ threadHeapMb: 64, threadMemoryMb: 64 });
      expect(limits({ 'thread-memory-mb': 64 }, { 'thread-heap-mb': 32 })).to.deep.equal({
        threadHeapMb: 32,
        threadMemoryMb: 64,
      });
    });

    it('have variables that are strings, whatever they are written as; null is none', () => {
      const env = { PORT: 3000, DEBUG: true, NAME: 'a', NONE: null };
      expect(entryOf({ command: 'a', env }).env).to.deep.equal({ PORT: '3000', DEBUG: 'true', NAME: 'a' });
    });

    it('inherit nothing besides where inheritEnv is false', () => {
      expect(entryOf({ command: 'a', inheritEnv: false }).inheritEnv).to.deep.equal([]);
      expect(entryOf({ command: 'a', inheritEnv: ['AWS_PROFILE'] }).inheritEnv).to.deep.equal([
        'AWS_PROFILE',
      ]);
    });

    it('start in their cwd, from the folder of the file', () => {
      expect(entryOf({ command: 'a', cwd: 'data' }).cwd).to.equal(join(folder.path, 'data'));
    });

    it('have rules for their tools', () => {
      const tools = {
        allow: 'read_*',
        deny: ['read_secret'],
        rename: { read_file: 'read' },
        describe: { read_file: 'Reads.' },
      };
      expect(entryOf({ command: 'a', tools }).tools).to.deep.equal({
        allow: ['read_*'],
        deny: ['read_secret'],
        rename: new Map([['read_file', 'read']]),
        describe: new Map([['read_file', 'Reads.']]),
      });
    });

    it('are frozen', () => {
      const catalogue = catalogueOf({ fs: { command: 'a', args: ['b'], env: { A: '1' } } });
      const [entry] = catalogue.servers;
      for (const part of [catalogue, catalogue.servers, entry, entry?.env, entry?.overrides]) {
        expect(Object.isFrozen(part)).to.equal(true);
      }
    });
  });

  describe('that are wrong', () => {
    const cases: [name: string, entry: unknown, reason: RegExp | string][] = [
      [
        'are no object',
        5,
        /^"servers\.fs" in bulkhead\.json is 5, but must be an object such as \{"command": "npx"/,
      ],
      [
        'are empty',
        {},
        '"servers.fs" in bulkhead.json must have one of "module", "script", "package", "command".',
      ],
      [
        'are of two kinds',
        { command: 'a', script: 'program.js' },
        '"servers.fs" in bulkhead.json has "script", "command", but must have just one of them.',
      ],
      [
        'have an unknown key',
        { comand: 'npx' },
        '"servers.fs.comand" in bulkhead.json is not a key of a server (did you mean "command"?).',
      ],
      [
        'have an unknown key with a dash',
        { command: 'a', 'sleep-aftr': 1 },
        '"servers.fs.sleep-aftr" in bulkhead.json is not a key of a server (did you mean "sleep-after"?).',
      ],
      [
        'have a key twice',
        { command: 'a', 'sleep-after': 1, sleepAfter: 1 },
        '"servers.fs.sleep-after" in bulkhead.json and "servers.fs.sleepAfter" in bulkhead.json are the same key: keep one of them.',
      ],
      [
        'are remote',
        { type: 'http', url: 'http://localhost/mcp' },
        /^"servers\.fs\.type" in bulkhead\.json is "http", but must be "stdio" or absent: a remote server is not served/,
      ],
      [
        'have their arguments in the command',
        { command: 'npx -y some-server' },
        /^"servers\.fs\.command" in bulkhead\.json is "npx -y some-server", but must be a command such as npx; .*"args"\.$/,
      ],
      [
        'have an argument that is no string',
        { command: 'a', args: ['--port', 3000] },
        '"servers.fs.args[1]" in bulkhead.json is 3000, but "args" must be a list of strings.',
      ],
      [
        'have arguments without a command',
        { module: 'server.mjs', args: [] },
        /^"servers\.fs\.args" in bulkhead\.json is for scripts, packages and commands/,
      ],
      [
        'want a thread for a command',
        { command: 'a', isolation: 'thread' },
        /^"servers\.fs\.isolation" in bulkhead\.json is "thread", but must be "process": a command runs in a process of its own\.$/,
      ],
      [
        'name another isolation',
        { command: 'a', isolation: 'container' },
        '"servers.fs.isolation" in bulkhead.json is "container", but must be one of thread, process.',
      ],
      [
        'inherit the token',
        { command: 'a', inheritEnv: ['BULKHEAD_TOKEN'] },
        /^"servers\.fs\.inheritEnv\[0\]" in bulkhead\.json is "BULKHEAD_TOKEN", but "inheritEnv" must be /,
      ],
      [
        'are modules that are to inherit less than everything',
        { module: 'server.mjs', inheritEnv: ['HOME'] },
        '"servers.fs.inheritEnv" in bulkhead.json is ["HOME"], but must be true or absent: a module inherits the whole environment of the gateway, except its token.',
      ],
      [
        'have a wrong rule',
        { command: 'a', tools: { alow: [] } },
        '"servers.fs.tools.alow" in bulkhead.json is not a key of "tools" (did you mean "allow"?).',
      ],
      [
        'give two tools one name',
        { command: 'a', tools: { rename: { a: 'c', b: 'c' } } },
        /^"servers\.fs\.tools\.rename" in bulkhead\.json is \{"a":"c","b":"c"\}, but "tools" must be .* no two tools/,
      ],
      [
        'rename a tool to what no client takes',
        { command: 'a', tools: { rename: { a: 'two words' } } },
        /^"servers\.fs\.tools\.rename\.a" in bulkhead\.json is "two words"/,
      ],
      [
        'limit the heap above the memory',
        { module: 'server.mjs', 'thread-heap-mb': 64, 'thread-memory-mb': 32 },
        /^"servers\.fs\.thread-heap-mb" in bulkhead\.json is 64, but must be at most .*thread-memory-mb.*, which is 32\.$/,
      ],
      [
        'have a package with a version',
        { package: 'server@1' },
        /^"servers\.fs\.package" in bulkhead\.json is "server@1", but must be .* without a version\.$/,
      ],
    ];
    for (const [name, entry, reason] of cases) {
      it(`say so where they ${name}`, () => {
        if (typeof reason === 'string') expect(reasonOf(entry)).to.equal(reason);
        else expect(reasonOf(entry)).to.match(reason);
      });
    }

    it('say where a file was looked for', () => {
      expect(reasonOf({ script: './none.js' })).to.equal(
        `"servers.fs.script" in bulkhead.json is "./none.js", but must be the path or file: URL of an existing file; there is none at ${join(folder.path, 'none.js')}.`,
      );
    });

    it('never show the values of variables', () => {
      const reason = reasonOf({ command: 'a', env: { TOKEN: { is: 'hush' } } });
      expect(reason).to.match(
        /^"servers\.fs\.env\.TOKEN" in bulkhead\.json is a value that is not shown here, but/,
      );
      expect(reason).not.to.include('hush');
    });

    it('leave the others served', () => {
      const { servers, broken } = catalogueOf({
        a: { command: 'a' },
        b: { comand: 'b' },
        c: { command: 'c' },
      });
      expect(servers.map(({ name }) => name)).to.deep.equal(['a', 'c']);
      expect(broken.map(({ name, source }) => [name, source])).to.deep.equal([
        ['b', 'bulkhead.json, servers.b'],
      ]);
    });

    it('are all told in the refusal to start where it is strict', () => {
      const servers = { a: { comand: 'a' }, b: { command: 'b' }, c: 5 };
      const sentence = sentenceOf(() => catalogueOf(servers, { strict: true }));
      expect(sentence).to.match(/^"servers\.a\.comand" in .*\. "servers\.c" in .*\.$/);
      expect(sentence.split('\n')).to.have.length(1);
      expect(catalogueOf({ b: { command: 'b' } }, { strict: true }).servers).to.have.length(1);
    });

    it('can be read again where a file is missing that may come', () => {
      const path = join(folder.path, 'later.js');
      const [broken] = catalogueOf({ fs: { script: 'later.js' } }).broken;
      expect((broken?.readAgain?.() as BrokenEntry | undefined)?.reason).to.equal(broken?.reason);
      writeFileSync(path, '');
      try {
        expect(broken?.readAgain?.()).to.include({ name: 'fs', script: path });
      } finally {
        rmSync(path);
      }
    });

    it('can not be read again where only another entry would help', () => {
      expect(catalogueOf({ fs: { comand: 'a' } }).broken[0]).not.to.have.property('readAgain');
    });
  });

  describe('have names', () => {
    it('of letters, digits, "-" and "_"', () => {
      const { servers, broken } = catalogueOf({
        'a-B_9': { command: 'a' },
        'my server': { command: 'a' },
        [`${'x'.repeat(65)}`]: { command: 'a' },
        '': { command: 'a' },
      });
      expect(servers.map(({ name }) => name)).to.deep.equal(['a-B_9']);
      expect(broken[0]?.reason).to.match(
        /^"servers\.my server" in bulkhead\.json is named "my server", but a server's name must be 1 to 64 letters/,
      );
      expect(broken).to.have.length(3);
    });

    it("that are no part of the gateway's own paths", () => {
      expect(ENDPOINTS).to.deep.equal(['/mcp', '/sse', '/messages']);
      for (const name of ['mcp', 'sse', 'messages']) {
        expect(catalogueOf({ [name]: { command: 'a' } }).broken[0]?.reason).to.match(
          /none of mcp, sse, messages\.$/,
        );
      }
    });

    it('that are there once', () => {
      const { servers, broken } = folder.fromFile(
        '{"servers": {"a": {"command": "a"}, "b": {"command": "b"}, "\\u0061": {"command": "c"}}}',
      ).catalogue;
      expect(servers.map(({ name }) => name)).to.deep.equal(['b']);
      expect(broken[0]?.reason).to.match(/^"servers\.a" in bulkhead\.json appears more than once/);
    });

    it('such as those of Object.prototype', () => {
      const { servers } = folder.fromFile(
        '{"servers": {"__proto__": {"command": "a"}, "constructor": {"command": "b"}}}',
      ).catalogue;
      expect(servers.map(({ name }) => name)).to.deep.equal(['__proto__', 'constructor']);
    });
  });

  describe('of a file', () => {
    it('are one or more', () => {
      for (const servers of [{}, [], 'a', null]) {
        expect(sentenceOf(() => catalogueOf(servers as object))).to.match(
          /^"servers" in bulkhead\.json .* must /,
        );
      }
    });

    it('are not beside a server-module in it', () => {
      const content = { servers: { a: { command: 'a' } }, 'server-module': 'server.mjs' };
      expect(sentenceOf(() => folder.fromFile(content))).to.equal(
        '"server-module" in bulkhead.json and "servers" in bulkhead.json both say what is served: keep one of them.',
      );
    });

    it('give way to a module that a flag or a variable names', () => {
      folder.fromFile({ servers: { a: { command: 'a' } } });
      const sources = { configFile: 'bulkhead.json', cwd: folder.path };
      const byFlag = resolveOptions({ ...sources, flags: { serverModule: 'server.mjs' } });
      expect(byFlag.catalogue.servers.map(({ name }) => name)).to.deep.equal(['server']);
      const byVariable = resolveOptions({
        ...sources,
        environment: { BULKHEAD_SERVER_MODULE: 'server.mjs' },
      });
      expect(byVariable.catalogue.single).to.equal(true);
    });

    it('start from its folder, wherever the gateway is started', () => {
      const inner = join(folder.path, 'inner');
      mkdirSync(inner);
      writeFileSync(join(inner, 'tool.js'), '');
      writeFileSync(join(inner, 'servers.json'), '{"servers": {"a": {"script": "./tool.js"}}}');
      const { catalogue } = resolveOptions({ configFile: 'inner/servers.json', cwd: folder.path });
      expect(catalogue.servers[0]).to.include({ script: join(inner, 'tool.js'), cwd: inner });
    });

    it('have their variables expanded from the environment', () => {
      writeFileSync(
        join(folder.path, 'variables.json'),
        JSON.stringify({
          servers: {
            fs: {
              command: '${BIN}/server',
              args: ['--root=${ROOT:-/srv}', '${UNSET}'],
              env: { TOKEN: '${SECRET}', OWN: '${BULKHEAD_TOKEN}' },
            },
          },
        }),
      );
      const environment = { BIN: '/opt', SECRET: 'hush', BULKHEAD_TOKEN: 'mine' };
      const options = resolveOptions({ configFile: 'variables.json', environment, cwd: folder.path });
      expect(options.catalogue.servers[0]).to.deep.include({
        command: '/opt/server',
        args: ['--root=/srv', '${UNSET}'],
        env: { TOKEN: 'hush', OWN: '${BULKHEAD_TOKEN}' },
      });
      expect(options.catalogue.warnings).to.deep.equal([
        '"servers.fs.args" in variables.json uses ${UNSET}, but this variable is not set: it is passed on as written.',
        '"servers.fs.env" in variables.json uses ${BULKHEAD_TOKEN}, which is a variable of the gateway itself and is not passed to servers: it is passed on as written.',
      ]);
    });

    it("are not a client's", () => {
      expect(sentenceOf(() => folder.fromFile({ mcpServers: {} }))).to.match(
        /^"mcpServers" in bulkhead\.json belongs to clients' files: give the file without --config/,
      );
    });
  });

  describe('of createGateway', () => {
    it('are the same map, from the current folder', () => {
      const { catalogue } = fromApi({
        servers: { a: { command: './a' }, b: { module: 'builtin:environment' } },
      });
      expect(catalogue.servers[0]).to.include({
        command: join(process.cwd(), 'a'),
        cwd: process.cwd(),
        source: 'servers.a',
      });
      expect(catalogue).to.deep.include({ broken: [], single: false });
    });

    it('are files by path, by file: URL in text, or by URL', () => {
      const module = pathToFileURL(join(folder.path, 'server.mjs'));
      const script = pathToFileURL(join(folder.path, 'program.js'));
      const { catalogue } = fromApi({
        servers: { a: { module }, b: { module: module.href }, c: { script }, d: { script: script.href } },
      });
      const moduleUrl = module.href;
      const path = fileURLToPath(script);
      expect(catalogue.servers[0]).to.include({ moduleUrl });
      expect(catalogue.servers[1]).to.include({ moduleUrl });
      expect(catalogue.servers[2]).to.include({ script: path });
      expect(catalogue.servers[3]).to.include({ script: path });
    });

    it('are called by their keys in messages', () => {
      const servers = { a: { comand: 'a' } } as unknown as NonNullable<GatewayOptions['servers']>;
      expect(fromApi({ servers }).catalogue.broken[0]?.reason).to.equal(
        'servers.a.comand is not a key of a server (did you mean "command"?).',
      );
    });

    it('are not beside a serverModule', () => {
      const given = { serverModule: join(folder.path, 'server.mjs'), servers: { a: { command: 'a' } } };
      expect(sentenceOf(() => fromApi(given))).to.equal(
        'serverModule and servers both say what is served: keep one of them.',
      );
    });
  });
});

describe('A single server', () => {
  let folder: OptionFolder;

  before(() => {
    folder = createOptionFolder();
  });

  after(() => folder.remove());

  it('is the built-in one, named env, where nothing is given', () => {
    const { catalogue, serverModule } = folder.fromFlags({});
    expect(serverModule).to.equal(undefined);
    expect(catalogue).to.include({ single: true });
    expect(catalogue.servers[0]).to.include({ kind: 'module', name: 'env', moduleUrl: undefined });
  });

  it('is a module, with the name of its file', () => {
    writeFileSync(join(folder.path, 'my tools.v2.mjs'), '');
    const { catalogue, serverModule } = folder.fromFlags({ serverModule: 'my tools.v2.mjs' });
    expect(catalogue.servers[0]).to.include({ kind: 'module', name: 'my-tools-v2', moduleUrl: serverModule });
    expect(serverModule).to.match(/^file:.*my%20tools\.v2\.mjs$/);
  });

  it('is a command, with the name of what it starts; its words are as the shell left them', () => {
    const command = ['npx', '-y', '@modelcontextprotocol/server-memory', '${NOT}', '--flag'];
    const { catalogue, serverModule } = resolveOptions({ command, cwd: folder.path });
    expect(serverModule).to.equal(undefined);
    expect(catalogue).to.deep.include({ single: true, warnings: [] });
    expect(catalogue.servers[0]).to.deep.include({
      kind: 'command',
      name: 'server-memory',
      command: 'npx',
      args: command.slice(1),
      cwd: folder.path,
      isolation: 'process',
    });
  });

  it('is not a command and a module', () => {
    const sources = { flags: { serverModule: 'server.mjs' }, command: ['npx'], cwd: folder.path };
    expect(sentenceOf(() => resolveOptions(sources))).to.equal(
      '[server-module] and -- both say what is served: keep one of them.',
    );
  });

  it('is refused where nothing stands after --', () => {
    for (const command of [[], ['']]) {
      expect(sentenceOf(() => resolveOptions({ command, cwd: folder.path }))).to.match(
        /^-- must be followed by a command/,
      );
    }
  });
});
