import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { unifiedDifference } from '../../../src/client-configs/difference.js';
import { applyEdits } from '../../../src/client-configs/json-document.js';
import { ClientFiles } from '../../support/client-files.js';

const LINES = Array.from({ length: 40 }, (_, number) => `line ${number}\n`);
const TEXT = LINES.join('');

/** Replaces so many whole lines. */
function lines(from: number, count: number, content: string) {
  const offset = LINES.slice(0, from).join('').length;
  return { offset, length: LINES.slice(from, from + count).join('').length, content };
}

describe('a difference', () => {
  it('shows lines and three of context on each side', () => {
    expect(unifiedDifference('a.json', TEXT, [lines(10, 2, 'new\n')])).to.deep.equal([
      '--- a.json',
      '+++ a.json',
      '@@ -8,8 +8,7 @@',
      ' line 7',
      ' line 8',
      ' line 9',
      '-line 10',
      '-line 11',
      '+new',
      ' line 12',
      ' line 13',
      ' line 14',
    ]);
  });

  it('is what patch needs to make one text of the other', function () {
    if (spawnSync('patch', ['--version']).status !== 0) this.skip();
    const files = new ClientFiles();
    const edits = [
      lines(0, 1, ''),
      { offset: 60, length: 3, content: 'x\ny' },
      lines(11, 0, 'two\nlines\n'),
      lines(20, 5, 'line 22\n'),
      lines(39, 1, 'the end\n'),
    ];
    const path = files.write('a', TEXT);
    files.write('difference', `${unifiedDifference('a', TEXT, edits).join('\n')}\n`);
    expect(spawnSync('patch', [path, files.path('difference')]).status).to.equal(0);
    expect(files.read('a')).to.equal(applyEdits(TEXT, edits));
  });

  it('shows a new file as such, and nothing where nothing differs', () => {
    expect(unifiedDifference('a', '', [{ offset: 0, length: 0, content: '{\n}\n' }])).to.deep.equal([
      '--- (new)',
      '+++ a',
      '@@ -0,0 +1,2 @@',
      '+{',
      '+}',
    ]);
    expect(unifiedDifference('a', TEXT, [lines(3, 1, 'line 3\n')])).to.deep.equal([]);
  });
});
