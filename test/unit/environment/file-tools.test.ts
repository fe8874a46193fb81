import { execFileSync } from 'node:child_process';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { RootFolders } from '../../../workers/environment/root-folders.js';
import {
  connectEnvironment,
  type EnvironmentClient,
  textOf,
} from '../../fixtures/environment/environment-client.js';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../fixtures/environment/temporary-folder.js';

describe('the file tools of the environment server', () => {
  let folder: string;
  let root: string;
  let environment: EnvironmentClient;

  before(async () => {
    folder = await makeTemporaryFolder();
    root = join(folder, 'root');
    await mkdir(join(root, 'inner'), { recursive: true });
    await mkdir(join(folder, 'root-neighbour'));
    await writeFile(join(folder, 'secret.txt'), 'SECRET');
    await writeFile(join(folder, 'root-neighbour', 'secret.txt'), 'SECRET');
    await writeFile(join(root, 'hello.txt'), 'Hello, wörld');
    await writeFile(join(root, 'inner', 'deep.txt'), 'deep');
    await writeFile(join(root, 'picture.bin'), Buffer.from([0x89, 0x50, 0, 1, 2, 3]));
    await writeFile(join(root, 'old.txt'), Buffer.from('caf\xe9', 'latin1'));
    await writeFile(join(root, 'wide.txt'), Buffer.from('\ufeffwide 😀', 'utf16le'));
    await symlink(folder, join(root, 'way-out'));
    await symlink(join(folder, 'secret.txt'), join(root, 'link-out.txt'));
    await symlink(join(root, 'hello.txt'), join(root, 'link-in.txt'));
    await symlink('loop', join(root, 'loop'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    environment = await connectEnvironment({ roots: [root] });
  });

  after(async () => {
    await environment.close();
    await removeTemporaryFolder(folder);
  });

  const expectRefusal = async (tool: string, path: string, sentence: RegExp): Promise<void> => {
    const result = await environment.call(tool, { path });
    expect(result.isError, path).to.equal(true);
    expect(textOf(result)).to.match(sentence).and.not.include('SECRET');
  };

  describe('paths', () => {
    const escapes = (): string[] => [
      '../secret.txt',
      'inner/../../secret.txt',
      join(folder, 'secret.txt'),
      join(folder, 'root-neighbour', 'secret.txt'),
      '/etc/passwd',
      'link-out.txt',
      'way-out/secret.txt',
    ];

    it('are refused by every tool when they lead outside, as text or through a symbolic link', async () => {
      for (const path of escapes()) {
        await expectRefusal('read_file', path, /outside of the root folders/);
        await expectRefusal('list_directory', path, /outside of the root folders/);
        const search = await environment.call('search_files', { path, pattern: 'SECRET' });
        expect(textOf(search)).to.match(/outside of the root folders/);
      }
      await expectRefusal('list_directory', '..', /outside of the root folders/);
      await expectRefusal('list_directory', 'way-out', /outside of the root folders/);
    });

    it('outside are refused whether or not something is there', async () => {
      await expectRefusal('read_file', join(folder, 'no-such-file'), /outside of the root folders/);
    });

    it('with a NUL are refused', async () => {
      await expectRefusal('read_file', 'hello.txt\0.png', /NUL/);
      await expectRefusal('list_directory', '\0', /NUL/);
    });

    it('may be absolute, relative, or a symbolic link that stays inside', async () => {
      for (const path of ['hello.txt', join(root, 'hello.txt'), 'link-in.txt', 'inner/../hello.txt']) {
        expect(textOf(await environment.call('read_file', { path }))).to.equal('Hello, wörld');
      }
    });

    it('are answered with what to do when there is nothing to read', async () => {
      await expectRefusal('read_file', 'missing.txt', /does not exist; see list_directory/);
      await expectRefusal('read_file', 'inner', /not a regular file/);
      await expectRefusal('read_file', 'hello.txt/more', /not a folder/);
      await expectRefusal('read_file', 'loop', /loop of symbolic links/);
      await expectRefusal('read_file', 'x'.repeat(300), /too long/);
      await expectRefusal('list_directory', 'hello.txt', /not a folder/);
    });

    it('to a pipe are refused without waiting for a writer', async () => {
      await expectRefusal('read_file', 'pipe', /not a regular file/);
    });

    it('are refused without any root', async () => {
      const rootless = await connectEnvironment({ roots: [] });
      const result = await rootless.call('read_file', { path: '/etc/passwd' });
      await rootless.close();
      expect(textOf(result)).to.match(/No root folder is configured/);
    });

    it('are refused when a folder on the way has become a link after it was checked', async () => {
      await mkdir(join(root, 'swapped'));
      await writeFile(join(root, 'swapped', 'secret.txt'), 'harmless');
      const checked = join(root, 'swapped', 'secret.txt');
      await rename(join(root, 'swapped'), join(root, 'moved'));
      await symlink(folder, join(root, 'swapped'));
      let refusal = '';
      await new RootFolders([root]).openReal(checked).catch((error: Error) => {
        refusal = error.message;
      });
      expect(refusal).to.match(/outside of the root folders/);
    });

    it('reach a root that is itself a symbolic link, and a second root', async () => {
      await symlink(root, join(folder, 'root-link'));
      const linked = await connectEnvironment({
        roots: [join(folder, 'root-link'), join(folder, 'root-neighbour')],
      });
      const first = await linked.call('read_file', { path: 'inner/deep.txt' });
      const second = await linked.call('read_file', { path: join(folder, 'root-neighbour', 'secret.txt') });
      const listed = await linked.call('list_directory', { path: 'inner' });
      await linked.close();
      expect([textOf(first), textOf(second)]).to.deep.equal(['deep', 'SECRET']);
      expect(listed.structuredContent?.path).to.equal('inner');
    });
  });

  describe('read_file', () => {
    it('reads a window of bytes and says where to go on', async () => {
      const result = await environment.call('read_file', { path: 'hello.txt', limit: 5 });
      expect(result.content).to.deep.equal([
        { type: 'text', text: 'Hello' },
        { type: 'text', text: '[bytes 0 to 5 of 13; continue with offset 5]' },
      ]);
    });

    it('never cuts a character, and its windows put together are the file', async () => {
      for (const [path, whole] of [
        ['hello.txt', 'Hello, wörld'],
        ['wide.txt', 'wide 😀'],
      ] as const) {
        let text = '';
        let offset = 0;
        for (;;) {
          const result = await environment.call('read_file', { path, offset, limit: 4 });
          text += textOf(result);
          const next = /continue with offset (\d+)/.exec(JSON.stringify(result.content))?.[1];
          if (next === undefined) break;
          expect(Number(next)).to.be.greaterThan(offset);
          offset = Number(next);
        }
        expect(text).to.equal(whole);
      }
    });

    it('tells Windows-1252 and UTF-16 from UTF-8', async () => {
      expect(textOf(await environment.call('read_file', { path: 'old.txt' }))).to.equal('café');
      expect(textOf(await environment.call('read_file', { path: 'wide.txt' }))).to.equal('wide 😀');
    });

    it('refuses binary data as text and gives it as base64', async () => {
      const refused = await environment.call('read_file', { path: 'picture.bin' });
      expect(refused.isError).to.equal(true);
      expect(textOf(refused)).to.match(/binary file of 6 bytes; ask again with encoding "base64"/);
      const given = await environment.call('read_file', { path: 'picture.bin', encoding: 'base64' });
      expect(Buffer.from(textOf(given), 'base64')).to.deep.equal(Buffer.from([0x89, 0x50, 0, 1, 2, 3]));
    });

    it('refuses an offset behind the end and a limit over one MiB', async () => {
      const behind = await environment.call('read_file', { path: 'hello.txt', offset: 14 });
      expect(textOf(behind)).to.match(/has only 13 bytes/);
      const over = await environment.call('read_file', { path: 'hello.txt', limit: 1_048_577 });
      expect(over.isError).to.equal(true);
      expect(textOf(over)).to.match(/limit/);
    });
  });

  describe('list_directory', () => {
    it('lists by name, with types and sizes, and does not follow links', async () => {
      const result = await environment.call('list_directory');
      const { entries, truncated } = result.structuredContent as {
        entries: { name: string; type: string; sizeBytes: number | null }[];
        truncated: boolean;
      };
      expect(entries.map(({ name }) => name)).to.deep.equal(entries.map(({ name }) => name).toSorted());
      expect(truncated).to.equal(false);
      expect(entries.find(({ name }) => name === 'hello.txt')).to.include({ type: 'file', sizeBytes: 13 });
      expect(entries.find(({ name }) => name === 'way-out')).to.include({ type: 'symlink', sizeBytes: null });
      expect(entries.find(({ name }) => name === 'pipe')).to.include({ type: 'other' });
      expect(JSON.parse(textOf(result))).to.deep.equal(result.structuredContent);
    });

    it('says when it lists only a part', async () => {
      const { structuredContent } = await environment.call('list_directory', { limit: 2 });
      expect(structuredContent).to.include({ truncated: true });
      expect(structuredContent?.entries).to.have.length(2);
    });
  });
});
