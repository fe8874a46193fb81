/** The picture of the README is what really happens: it is made again here. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { projectRoot } from '../support/project.js';

const DEADLINE_MS = 60_000;
/** Where the second pane begins. */
const SECOND_PANE_X = 506;

describe('the picture of a crash', () => {
  it('shows a session that survives a hang and a crash, beside one that misses nothing', async function () {
    this.timeout(2 * DEADLINE_MS);
    const folder = mkdtempSync(join(tmpdir(), 'bulkhead-picture-'));
    afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'crash.svg');
    const script = join(projectRoot, 'scripts/crash-picture.mjs');
    await promisify(execFile)(process.execPath, [script, file], { timeout: DEADLINE_MS });

    const svg = readFileSync(file, 'utf8');
    const shown = [...svg.matchAll(/<text class="\w+ t\d+" x="(\d+)" y="\d+">(.*?)<\/text>/g)];
    const counts = (wanted: (x: number) => boolean) =>
      shown
        .filter(([, x]) => wanted(Number(x)))
        .flatMap(([, , text]) => /^count → (\d+)/.exec(text!)?.[1] ?? []);
    expect(counts((x) => x !== SECOND_PANE_X)).to.deep.equal(['2', '3', '4']);
    const second = counts((x) => x === SECOND_PANE_X);
    expect(second).to.have.length.above(5);
    expect(second).to.deep.equal(second.map((_count, index) => `${index + 2}`));
    const texts = shown.map(([, , text]) => text).join(' ');
    expect(texts).to.include('no answer after 1500 ms: cancel');
    expect(texts).to.match(/continues with a\s+fresh\s+thread/);
    expect(texts).to.include('cause=killed').and.to.include('cause=crash');
  });
});
