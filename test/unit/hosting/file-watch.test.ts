import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { FileWatch } from '../../../src/hosting/file-watch.js';
import { afterThisTest } from '../../support/cleanup.js';

describe('Files that are watched', () => {
  function watched(read?: (path: string) => Promise<Buffer>) {
    const folder = mkdtempSync(join(tmpdir(), 'watched-'));
    const file = join(folder, 'a.mjs');
    writeFileSync(file, '1');
    let changes = 0;
    const failures: string[] = [];
    const owner = {
      onChanged: () => {
        changes += 1;
      },
      onFailed: (why: string) => failures.push(why),
    };
    const files = new FileWatch(owner, read);
    afterThisTest(async () => {
      await files.close();
      rmSync(folder, { recursive: true });
    });
    return { file, files, changes: () => changes, failures };
  }

  it('have changed if they were written after they had been read', async () => {
    const { file, files, changes } = watched();
    await files.watch([file], Date.now() - 60_000);
    expect(changes()).to.equal(1);
    await files.watch([file], Date.now() - 60_000);
    expect(changes(), 'a file that is known').to.equal(1);
  });

  it('have not changed if they were written before, and may be missing', async () => {
    const { file, files, changes, failures } = watched();
    await files.watch([file, join(file, '../none/there/b.mjs')], Date.now() + 60_000);
    expect([changes(), failures]).to.deep.equal([0, []]);
    expect(files.files).to.equal(2);
  });

  it('are not gone when the system has no descriptor to read them, and are read again', async () => {
    let short = true;
    const shortage = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    const { file, files, changes, failures } = watched((path) =>
      short ? Promise.reject(shortage) : readFile(path),
    );
    short = false;
    await files.watch([file], Date.now() + 60_000);
    short = true;
    for (let times = 0; times < 3; times += 1) await files.look();
    expect([changes(), failures.length]).to.deep.equal([0, 1]);
    expect(failures[0]).to.match(/^files cannot be read at the moment: .*EMFILE/);
    short = false;
    await files.look();
    expect(changes()).to.equal(0);
    short = true;
    writeFileSync(file, '2');
    await files.look();
    expect([changes(), failures.length], 'said again after it was over').to.deep.equal([0, 2]);
    short = false;
    await files.look();
    expect(changes()).to.equal(1);
  });

  it('are told apart: one warning does not hide another', async () => {
    const shortage = Object.assign(new Error('ENFILE: file table overflow'), { code: 'ENFILE' });
    const { file, files, failures } = watched(() => Promise.reject(shortage));
    const folders = Array.from({ length: 257 }, (_, index) => join(file, '..', `${index}`));
    for (const folder of folders) mkdirSync(folder);
    await files.watch(
      folders.map((folder) => join(folder, 'a.mjs')),
      Date.now() + 60_000,
    );
    await files.look();
    expect(failures.map((why) => why.slice(0, 28)).sort()).to.deep.equal([
      'files cannot be read at the ',
      'the files are in more than 2',
    ]);
  });
});
