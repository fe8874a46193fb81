/** Habits of the tests themselves, which no linter knows. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../support/project.js';

describe('The tests', () => {
  it('never run a second time after a failure: that hides a race', () => {
    const folder = join(projectRoot, 'test');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.test.ts'),
    );
    expect(files).to.include(join('unit', 'habits.test.ts'));
    const again = files.filter((file) => /\.retries\s*\(/.test(readFileSync(join(folder, file), 'utf8')));
    expect(again).to.deep.equal([]);
    expect(readFileSync(join(projectRoot, '.mocharc.json'), 'utf8')).not.to.include('retries');
    expect(readFileSync(join(projectRoot, '.mocharc.slow.json'), 'utf8')).not.to.include('retries');
  });
});
