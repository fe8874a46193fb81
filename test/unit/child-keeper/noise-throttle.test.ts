import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { LineReader } from '../../../src/shared/line-reader.js';
import { NoiseThrottle } from '../../../workers/child-keeper/noise-throttle.js';
import { readNoise, ServerOutput } from '../../../workers/child-keeper/server-output.js';
import { serverMessages } from '../../../workers/stdio/server-message.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock } from '../../support/fake-clock.js';

const KIB = 1024;

function clocked(): FakeClock {
  const clock = new FakeClock().install();
  afterThisTest(() => clock.restore());
  return clock;
}

/** What is not read of 64 KiB of this, and how long. */
async function pausedMs(text: string, read: (stream: PassThrough) => void): Promise<number> {
  const clock = clocked();
  const stream = new PassThrough({ highWaterMark: 64 * KIB });
  read(stream);
  stream.write(text.repeat((64 * KIB) / text.length));
  await setImmediate();
  let ms = 0;
  for (; stream.isPaused() && ms < 10_000; ms += 5) await clock.advance(5);
  stream.destroy();
  return ms;
}

const stdout = (stream: PassThrough): void => {
  const output = new ServerOutput(stream, {
    onLine: (line) => {
      if (typeof serverMessages(line) === 'string') output.noise(line.length);
    },
    onOverlong: () => {},
    onLarge: () => {},
    onUnreadable: () => {},
    readLarge: () => Promise.reject(new Error('no line is large')),
  });
};

const stderr = (stream: PassThrough): void => {
  readNoise(stream, new LineReader(KIB, { onLine: () => {}, onOverlong: () => {} }));
};

describe('What a process writes besides messages', () => {
  it('is read at 10 MiB a second', async () => {
    const clock = clocked();
    let paused = 0;
    let resumed = 0;
    const throttle = new NoiseThrottle(
      () => (paused += 1),
      () => (resumed += 1),
    );
    throttle.noise(255 * KIB, 0);
    expect(paused).to.equal(0);
    throttle.noise(257 * KIB, 0);
    expect([paused, resumed]).to.deep.equal([1, 0]);
    await clock.advance(49);
    expect(resumed).to.equal(0);
    await clock.advance(1);
    expect([paused, resumed]).to.deep.equal([1, 1]);
  });

  for (const [name, text, ms] of [
    ['long lines', `${'x'.repeat(KIB - 1)}\n`, 0],
    ['short lines', `${'x'.repeat(15)}\n`, 100],
    ['lines of one character', 'x\n', 800],
    ['empty lines', '\n', 1_000],
    ['messages', `${JSON.stringify({ jsonrpc: '2.0', method: 'a/b' })}`.padEnd(63).concat('\n'), 0],
  ] as const) {
    it(`is counted in lines as well: 64 KiB of ${name} on stdout`, async () => {
      expect(await pausedMs(text, stdout)).to.equal(ms);
    });
  }

  it('is counted in lines on stderr, too', async () => {
    expect(await pausedMs(`${'x'.repeat(15)}\n`, stderr)).to.equal(100);
    expect(await pausedMs('\n', stderr)).to.equal(1_000);
  });
});

describe('A line of stdout that is no message', () => {
  it('is told from JSON that is not whole', () => {
    for (const line of ['hello', '"hello"', '12', 'null', '{}', '[]', '[1]'])
      expect(serverMessages(line), line).to.equal('it is no JSON-RPC message');
    for (const line of ['{', ' [info] it begins', '{"jsonrpc":"2.0"'])
      expect(serverMessages(line), line).to.equal('it is no JSON');
  });
});
