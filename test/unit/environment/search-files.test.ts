import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { namePattern } from '../../../workers/environment/name-pattern.js';
import { RootFolders } from '../../../workers/environment/root-folders.js';
import { MAX_FILE_BYTES, searchBelow } from '../../../workers/environment/text-search.js';
import {
  connectEnvironment,
  type EnvironmentClient,
  textOf,
} from '../../fixtures/environment/environment-client.js';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../fixtures/environment/temporary-folder.js';

describe('search_files of the environment server', () => {
  let root: string;
  let environment: EnvironmentClient;

  before(async () => {
    root = await makeTemporaryFolder();
    for (const name of ['src/inner', '.git', 'node_modules/pack'])
      await mkdir(join(root, name), { recursive: true });
    await writeFile(join(root, 'src/a.ts'), 'const needle = 1;\r\nconst other = 2;\n// Needle\n');
    await writeFile(join(root, 'src/inner/b.md'), `needle ${'x'.repeat(1000)}`);
    await writeFile(join(root, '.git/config'), 'needle');
    await writeFile(join(root, 'node_modules/pack/index.js'), 'needle');
    await writeFile(join(root, 'binary.bin'), Buffer.from('needle\0needle'));
    await writeFile(join(root, 'big.txt'), Buffer.alloc(MAX_FILE_BYTES + 1, 'needle\n'));
    await symlink('src', join(root, 'src-link'));
    environment = await connectEnvironment({ roots: [root] });
  });

  after(async () => {
    await environment.close();
    await removeTemporaryFolder(root);
  });

  const search = async (args: Record<string, unknown>) => {
    const { structuredContent } = await environment.call('search_files', args);
    return structuredContent as {
      matches: { path: string; line: number; text: string }[];
      filesSearched: number;
      filesSkipped: number;
      truncated: boolean;
    };
  };

  it('finds lines in text files; skips binary, big, linked, .git and node_modules', async () => {
    const { matches, filesSearched, filesSkipped, truncated } = await search({ pattern: 'needle' });
    expect(matches.map(({ path, line }) => `${path}:${line}`)).to.deep.equal([
      'src/a.ts:1',
      'src/inner/b.md:1',
    ]);
    expect(matches[0]?.text).to.equal('const needle = 1;');
    expect({ filesSearched, filesSkipped, truncated }).to.deep.equal({
      filesSearched: 2,
      filesSkipped: 2,
      truncated: false,
    });
  });

  it('cuts long lines and the number of matches', async () => {
    const { matches, truncated } = await search({ pattern: 'needle', maxMatches: 1 });
    expect([matches.length, truncated]).to.deep.equal([1, true]);
    const [long] = (await search({ pattern: 'needle x+', path: 'src/inner' })).matches;
    expect(long?.text).to.have.length(400);
  });

  it('takes one file, a name pattern, and either case', async () => {
    const one = await search({ pattern: 'NEEDLE', path: 'src/a.ts', ignoreCase: true });
    expect(one.matches.map(({ line }) => line)).to.deep.equal([1, 3]);
    const named = await search({ pattern: 'needle', names: 'src/**/*.{md,txt}' });
    expect(named.matches.map(({ path }) => path)).to.deep.equal(['src/inner/b.md']);
  });

  it('looks into .git and node_modules when asked', async () => {
    const { matches } = await search({ pattern: 'needle', includeIgnored: true });
    expect(matches.map(({ path }) => path)).to.include.members(['.git/config', 'node_modules/pack/index.js']);
  });

  it('answers a bad pattern with what is wrong', async () => {
    const result = await environment.call('search_files', { pattern: '(' });
    expect(result.isError).to.equal(true);
    expect(textOf(result)).to.match(/The pattern is not valid: .*Unterminated group/);
  });

  describe('over many files', () => {
    before(async () => {
      await mkdir(join(root, 'many'));
      for (let file = 0; file < 400; file += 1) await writeFile(join(root, 'many', `${file}.txt`), 'hay\n');
    });

    it('tells its progress', async () => {
      const progress: number[] = [];
      await environment.client.callTool(
        { name: 'search_files', arguments: { pattern: 'z', path: 'many' } },
        undefined,
        {
          onprogress: (notification) => progress.push(notification.progress),
        },
      );
      expect(progress[0]).to.equal(1);
    });

    it('stops in the midst when its request is cancelled', async () => {
      const cancel = new AbortController();
      const settled = environment.settled('search_files');
      const call = environment.client.callTool(
        { name: 'search_files', arguments: { pattern: 'z', path: 'many' } },
        undefined,
        { signal: cancel.signal, onprogress: () => cancel.abort('enough') },
      );
      const outcome = await call.then(
        () => 'answered',
        () => 'cancelled',
      );
      await settled;
      expect(outcome).to.equal('cancelled');
    });

    it('reads no further file after the signal', async () => {
      const roots = new RootFolders([root]);
      const start = await roots.open('many', 'directory');
      const cancel = new AbortController();
      let searched = 0;
      const request = {
        pattern: /z/,
        accepts: () => true,
        includeIgnored: false,
        maxMatches: 10,
        onProgress: async (files: number) => {
          searched = files;
          if (files === 3) setImmediate(() => cancel.abort(new Error('enough')));
        },
      };
      const reason = await searchBelow(roots, start, request, cancel.signal).catch(
        (error: Error) => error.message,
      );
      await start.handle.close();
      expect(reason).to.equal('enough');
      expect(searched).to.be.within(3, 4);
    });
  });

  describe('name patterns', () => {
    const rows: [pattern: string, path: string, matches: boolean][] = [
      ['*.ts', 'a.ts', true],
      ['*.ts', 'deep/down/a.ts', true],
      ['*.ts', 'a.tsx', false],
      ['?.{ts,js}', 'a.js', true],
      ['[!a]*', 'abc', false],
      ['[a-c]*', 'bcd', true],
      ['a+(b).c', 'a+(b).c', true],
      ['src/*.ts', 'src/a.ts', true],
      ['src/*.ts', 'src/b/a.ts', false],
      ['src/**/*.ts', 'src/a.ts', true],
      ['src/**', 'src/x/y', true],
      ['src/**', 'other/src/x', false],
    ];
    for (const [pattern, path, matches] of rows) {
      it(`${pattern} ${matches ? 'takes' : 'leaves out'} ${path}`, () => {
        expect(namePattern(pattern)(path)).to.equal(matches);
      });
    }
  });
});
