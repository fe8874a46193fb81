import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { FileWatch } from '../../../src/hosting/file-watch.js';
import { afterThisTest } from '../../support/cleanup.js';

describe('Files that are watched', () => {
  function watched() {
    const folder = mkdtempSync(join(tmpdir(), 'watched-'));
    const file = join(folder, 'a.mjs');
    writeFileSync(file, '1');
    let changes = 0;
    const failures: string[] = [];
    const files = new FileWatch({
      onChanged: () => {
        changes += 1;
      },
      onFailed: (why) => failures.push(why),
    });
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
});
