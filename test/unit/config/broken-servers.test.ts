/** Servers of the config file that are wrong: what is said of them, and that the others are served. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { BrokenEntry } from '../../../src/servers/server-entry.js';
import { sentenceOf } from '../../support/option-folder.js';
import { sharedServerFolder } from '../../support/server-folder.js';

describe('servers that are wrong', () => {
  const folder = sharedServerFolder();
  const { catalogueOf } = folder;

  /** What is wrong with the only server of the file. */
  function reasonOf(entry: unknown, options?: object): string {
    const { servers, broken } = catalogueOf({ fs: entry }, options);
    expect(servers).to.deep.equal([]);
    return broken[0]!.reason;
  }

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
