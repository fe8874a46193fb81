import { execFileSync } from 'node:child_process';
import { expect } from 'chai';

const CHILDREN = new URL('../../src/isolation/thread/thread-children.js', import.meta.url).href;

/** A separate process with few file descriptors. */
const program = `
  import { openSync } from 'node:fs';
  import { killChildrenOf, killDescendants } from ${JSON.stringify(CHILDREN)};
  const searched = () => killChildrenOf({ systemThreadId: undefined, marker: 'nobody' }, true);
  const before = [searched(), killDescendants()];
  try {
    for (;;) openSync('/dev/null', 'r');
  } catch {
    // All are in use.
  }
  process.stdout.write(JSON.stringify([...before, searched(), killDescendants()]));`;

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('the search for what a thread started', () => {
  it('finds nothing, and throws nothing, where no file descriptor is free to look with', () => {
    const printed = execFileSync('sh', [
      '-c',
      'ulimit -n 64; exec "$0" --input-type=module -e "$1"',
      process.execPath,
      program,
    ]);
    expect(JSON.parse(String(printed))).to.deep.equal([0, true, 0, false]);
  });
});
