import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import { backlogBytes, type UnpacedFrame } from '../../src/shared/frames/unpaced.js';
import { withBackpressure } from '../../workers/session/backpressure.js';
import { afterThisTest } from '../support/cleanup.js';

const LIMIT_BYTES = 64 * 1024;
const HELD: UnpacedFrame = { type: 'held', held: true };

describe('backpressure of what a thread posts from synchronous code', () => {
  it('lets so much through that the main thread has not handled, and then waits for it', async () => {
    const { handled, posted, post, waits } = paced();
    const free = Math.floor(LIMIT_BYTES / backlogBytes(HELD)) + 1;
    for (let frame = 0; frame < free; frame += 1) post(HELD);
    expect(posted).to.have.lengthOf(free);
    expect(waits.count).to.equal(0);

    const exited = await handledLater(handled, free * backlogBytes(HELD));
    post(HELD);
    expect(Atomics.load(handled, 0), 'it went on before they were handled').to.equal(
      free * backlogBytes(HELD),
    );
    expect(posted).to.have.lengthOf(free + 1);
    expect(waits.count).to.equal(1);
    await exited();
  });

  it('never holds up what is asked for by the main thread, or has a credit of its own', () => {
    const { posted, post, waits } = paced();
    for (let frame = 0; frame < 1_000; frame += 1) {
      post({ type: 'pong' });
      post({ type: 'send', kind: 'response', id: frame, relatedTo: frame, body: '{}' });
    }
    expect(posted).to.have.lengthOf(2_000);
    expect(waits.count).to.equal(0);
  });

  it('waits after 64 messages that nobody has asked for, whatever their length', async () => {
    const { handled, posted, post, waits } = paced();
    const notification = (body: string): FromWorkerFrame => ({
      type: 'send',
      kind: 'notification',
      id: undefined,
      relatedTo: undefined,
      body,
    });
    for (let sent = 0; sent < 65; sent += 1) post(notification('x'.repeat(sent * 1_000)));
    expect(Atomics.load(handled, 0)).to.equal(0);
    const exited = await handledLater(handled, 65 * 1_024);
    post(notification('{}'));
    expect(Atomics.load(handled, 0), 'it went on before they were handled').to.equal(65 * 1_024);
    expect(posted).to.have.lengthOf(66);
    expect(waits.count, 'it is no fault').to.equal(0);
    await exited();
  });

  it('counts beyond what its number can hold', () => {
    const { handled, posted, post, waits } = paced();
    // A size like this, without using the memory.
    const value = { byteLength: 2 ** 30 } as Uint8Array;
    const frame: UnpacedFrame = { type: 'state', key: 'key', value };
    for (let sets = 0; sets < 12; sets += 1) {
      post(frame);
      Atomics.add(handled, 0, backlogBytes(frame));
    }
    expect(posted).to.have.lengthOf(12);
    expect(waits.count).to.equal(0);
  });
});

/** Another thread adds so many bytes, soon. @returns waits for its end */
async function handledLater(handled: Int32Array, bytes: number): Promise<() => Promise<unknown>> {
  const handles = `const { parentPort, workerData } = require('node:worker_threads');
    parentPort.postMessage('online');
    setTimeout(() => Atomics.add(workerData, 0, ${bytes}), 20);`;
  const worker = new Worker(handles, { eval: true, workerData: handled });
  afterThisTest(() => worker.terminate().then(() => undefined));
  const exited = once(worker, 'exit');
  await once(worker, 'message');
  return () => exited;
}

function paced() {
  const handled = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const posted: FromWorkerFrame[] = [];
  const waits = { count: 0 };
  const post = withBackpressure(
    (frame) => posted.push(frame),
    handled,
    () => {
      waits.count += 1;
    },
  );
  return { handled, posted, post, waits };
}
