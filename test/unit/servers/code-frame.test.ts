import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { codeFrame } from '../../../src/servers/code-frame.js';
import { afterThisTest } from '../../support/cleanup.js';

function fileOf(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-frame-'));
  afterThisTest(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'module.mjs');
  writeFileSync(file, text);
  return file;
}

describe('the code at fault', () => {
  it('has the lines around it, with a caret below the column', async () => {
    const file = fileOf('one\ntwo\nthree\n\tfour(;\nfive\nsix\nseven\n');
    expect(await codeFrame({ file, line: 4, column: 7 })).to.equal(
      [
        `${file}:4:7`,
        '',
        '  2 | two',
        '  3 | three',
        '> 4 |  four(;',
        '    |       ^',
        '  5 | five',
        '  6 | six',
      ].join('\n'),
    );
  });

  it('is cut around the column of a long line', async () => {
    const file = fileOf(`${'a'.repeat(5000)};${'b'.repeat(5000)}`);
    const [, , code, caret] = (await codeFrame({ file, line: 1, column: 5001 })).split('\n');
    expect(code?.length).to.be.below(110);
    expect(code?.[caret?.indexOf('^') ?? 0]).to.equal(';');
  });

  it('is only the place where the file cannot be read or has no such line', async () => {
    expect(await codeFrame({ file: '/nowhere/a.mjs', line: 1, column: 1 })).to.equal('/nowhere/a.mjs:1:1');
    const file = fileOf('one');
    expect(await codeFrame({ file, line: 9, column: 1 })).to.equal(`${file}:9:1`);
  });
});
