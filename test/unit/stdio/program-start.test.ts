import { expect } from 'chai';
import type { FromWorkerFrame } from '../../../src/shared/frames/from-worker.js';
import { ProgramStart } from '../../../workers/stdio/program-start.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock } from '../../support/fake-clock.js';

const SECOND = 1_000;

/** A program that answers nothing. */
function silent(timeoutMs: number) {
  const clock = new FakeClock().install();
  afterThisTest(() => clock.restore());
  const posted: FromWorkerFrame[] = [];
  const start = new ProgramStart(timeoutMs, true, {
    post: (frame) => posted.push(frame),
    write: () => {},
    ask: () => new Promise(() => {}),
    viewed: (_method, response) => response,
    introduced: () => {},
  });
  const sentences = () =>
    posted.map((frame) =>
      frame.type === 'log' ? frame.message : frame.type === 'failed' && frame.error.message,
    );
  return { clock, start, sentences };
}

describe('A program that does not answer initialize', () => {
  it('is noted after 5 s, then once a minute, until its time is over', async () => {
    const { clock, start, sentences } = silent(100 * SECOND);
    start.begin();
    await clock.advance(4 * SECOND);
    expect(sentences()).to.deep.equal([]);
    await clock.advance(96 * SECOND);
    expect(sentences()).to.deep.equal([
      'the server has not answered initialize after 5 s; it may be downloading something first',
      'the server has not answered initialize after 65 s; it may be downloading something first',
      'it did not answer initialize within 100 s (start-timeout)',
    ]);
    start.close();
  });

  it('is not noted once it answers', async () => {
    const { clock, start, sentences } = silent(100 * SECOND);
    start.begin();
    await clock.advance(4 * SECOND);
    start.begun({ message: { result: {} }, body: '{"id":0,"result":{}}' });
    await clock.advance(200 * SECOND);
    expect(sentences()).to.deep.equal([]);
  });
});
