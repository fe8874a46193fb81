/** Habits of the tests that no linter checks. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../support/project.js';

/** Unit tests that do, for a moment, what the others may not; each says why. */
const SLOW_BY_NATURE: Readonly<Record<string, string>> = {
  'unit/client-configs/difference.test.ts': 'the command patch judges what is a patch',
  'unit/environment/file-tools.test.ts': 'only the command mkfifo makes a FIFO',
  'unit/metrics/recorder.test.ts': 'the delay of the event loop is measured by Node itself',
  'unit/readme.test.ts': 'runs the script that writes the tables',
};

const folder = join(projectRoot, 'test');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.test.ts'),
);

describe('The tests', () => {
  it('never run a second time after a failure: that hides a race', () => {
    expect(files).to.include(join('unit', 'habits.test.ts'));
    const again = files.filter((file) => /\.retries\s*\(/.test(readFileSync(join(folder, file), 'utf8')));
    expect(again).to.deep.equal([]);
    for (const config of ['.mocharc.json', '.mocharc.unit.json', '.mocharc.load.json', '.mocharc.slow.json'])
      expect(readFileSync(join(projectRoot, config), 'utf8'), config).not.to.include('retries');
  });

  it('start no process and hold no event loop where they are unit tests or pins, which must be fast', () => {
    const slow =
      /['"](?:node:child_process|[./]+\/support\/(?:gateway|cli-process|held-gateway|stand-still)\.js)['"]/;
    const found = files
      .filter((file) => file.startsWith(`unit${sep}`) || file.startsWith(`pins${sep}`))
      .filter((file) => slow.test(readFileSync(join(folder, file), 'utf8')));
    expect(found.map((file) => file.split(sep).join('/'))).to.have.members(Object.keys(SLOW_BY_NATURE));
  });
});
