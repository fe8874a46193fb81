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

const configs = readdirSync(projectRoot).filter((name) => name.startsWith('.mocharc'));

/** `a/{b,c}`: `a/b` and `a/c`. */
function alternatives(name: string): string[] {
  const [, before = '', names, after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(name) ?? [];
  return names === undefined ? [name] : names.split(',').map((one) => before + one + after);
}

describe('The tests', () => {
  it('never run a second time after a failure: that hides a race', () => {
    expect(files).to.include(join('unit', 'habits.test.ts'));
    const again = files.filter((file) => /\.retries\s*\(/.test(readFileSync(join(folder, file), 'utf8')));
    expect(again).to.deep.equal([]);
    expect(configs).to.include('.mocharc.json');
    for (const config of configs)
      expect(readFileSync(join(projectRoot, config), 'utf8'), config).not.to.include('retries');
  });

  it('that are left out of a run, or added to it, by name are there', () => {
    const named = configs.flatMap((config) =>
      [
        ...readFileSync(join(projectRoot, config), 'utf8').matchAll(
          /dist(?:-unpatched)?\/test\/([\w/{},*-]+)\.test\.js/g,
        ),
      ]
        .map(([, name = '']) => name)
        .flatMap(alternatives)
        .filter((name) => !name.includes('*')),
    );
    expect(named).to.include('integration/cli');
    for (const name of named)
      expect(
        files.map((file) => file.split(sep).join('/')),
        name,
      ).to.include(`${name}.test.ts`);
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
