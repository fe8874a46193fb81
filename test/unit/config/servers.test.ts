/** `servers` of the config file: their kinds, keys and names. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import type { ServerEntry } from '../../../src/servers/server-entry.js';
import { ENDPOINTS } from '../../../src/transports/http/server-directory.js';
import { installPackage } from '../../support/packages.js';
import { sharedServerFolder } from '../../support/server-folder.js';

describe('servers', () => {
  const folder = sharedServerFolder();
  const { catalogueOf } = folder;

  /** The only server of the file. */
  function entryOf(entry: object, options?: object): ServerEntry {
    const { servers, broken } = catalogueOf({ fs: entry }, options);
    expect(broken).to.deep.equal([]);
    return servers[0]!;
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
});
