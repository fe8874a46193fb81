import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { ServerOutput } from '../../../workers/child-keeper/server-output.js';
import { LARGE_LINE_BYTES, type LargeLine } from '../../../workers/stdio/large-line.js';

const large = (name: string): string => name.padEnd(LARGE_LINE_BYTES, '.');

/** An output, what its owner was told of it, and the large lines that are being read. */
function output() {
  const stream = new PassThrough({ highWaterMark: 4 * LARGE_LINE_BYTES });
  const seen: string[] = [];
  const reading: { readonly done: () => void; readonly fail: () => void }[] = [];
  const nameOf = (line: Uint8Array): string => Buffer.from(line.subarray(0, 1)).toString();
  const taken = new ServerOutput(stream, {
    onLine: (line) => seen.push(line),
    onOverlong: (head) => seen.push(`too long: ${head.slice(0, 1)}`),
    onLarge: ({ read }: LargeLine) => seen.push(`large ${(read as { head: string }).head}`),
    onUnreadable: (error) => seen.push((error as Error).message),
    readLarge: (line) =>
      new Promise((resolve, reject) => {
        reading.push({
          done: () => resolve({ valid: true, read: { why: 'test', head: nameOf(line) } }),
          fail: () => reject(new Error(`unreadable ${nameOf(line)}`)),
        });
      }),
  });
  return { stream, seen, reading, taken };
}

describe('What a process writes to stdout', () => {
  it('is handled in its order while large lines are read elsewhere', async () => {
    const { stream, seen, reading } = output();
    stream.write(`a\n${large('b')}\nc\n${large('d')}\ne\n`);
    await setImmediate();
    expect(seen).to.deep.equal(['a']);
    expect(reading).to.have.length(1);
    reading[0]?.done();
    await setImmediate();
    expect(seen).to.deep.equal(['a', 'large b', 'c']);
    reading[1]?.done();
    await setImmediate();
    expect(seen).to.deep.equal(['a', 'large b', 'c', 'large d', 'e']);
    stream.destroy();
  });

  it('is not read meanwhile, whatever else lets it continue', async () => {
    const { stream, seen, reading, taken } = output();
    stream.write(`${large('a')}\n`);
    await setImmediate();
    taken.resume();
    expect(stream.isPaused()).to.equal(true);
    taken.pause();
    reading[0]?.done();
    await setImmediate();
    expect(stream.isPaused(), 'its client has not taken enough').to.equal(true);
    taken.resume();
    stream.write('b\n');
    await setImmediate();
    expect(seen).to.deep.equal(['large a', 'b']);
    stream.destroy();
  });

  it('goes on after a large line that cannot be read', async () => {
    const { stream, seen, reading } = output();
    stream.write(`${large('a')}\nb\n`);
    await setImmediate();
    reading[0]?.fail();
    await setImmediate();
    expect(seen).to.deep.equal(['unreadable a', 'b']);
    stream.destroy();
  });

  it('has been handled when its last line was, also a large one without a line break', async () => {
    const { stream, seen, reading, taken } = output();
    let handled = false;
    void taken.handled.then(() => {
      handled = true;
    });
    stream.end(large('a'));
    while (reading.length === 0) await setImmediate();
    expect(handled).to.equal(false);
    reading[0]?.done();
    await taken.handled;
    expect(seen).to.deep.equal(['large a']);
  });
});
