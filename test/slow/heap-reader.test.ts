import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';

/** Threads that start, live for some milliseconds and end, while the reader asks them continuously. */
const CHURN = `
import { EventEmitter } from 'node:events';
import { Session } from 'node:inspector';
import { Worker } from 'node:worker_threads';
import { InspectorReader } from ${JSON.stringify(new URL('../../src/isolation/thread/heap-reader.js', import.meta.url))};

const THREADS = 20;
const ROUNDS = 20;
const busyFor = (ms) => { for (const until = performance.now() + ms; performance.now() < until; ); };
// If the inspector calls JavaScript of this thread, make it take as long as on a busy machine: threads that end
// meanwhile then crash the process.
Session.prototype.emit = function (...parameters) {
  busyFor(3);
  return EventEmitter.prototype.emit.apply(this, parameters);
};
const threads = new Set();
function start() {
  const thread = new Worker('setTimeout(() => process.exit(), Math.random() * 60)', { eval: true });
  threads.add(thread);
  thread.once('exit', () => { threads.delete(thread); start(); });
}
for (let n = 0; n < THREADS; n += 1) start();
// The gateway has other work meanwhile: V8 serves interrupts while JavaScript runs.
setInterval(() => busyFor(4), 8);

const reader = new InspectorReader();
let answers = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  await reader.ask([...threads], (thread, { heapBytes }) => {
    if (!(heapBytes > 0)) throw new Error('no heap is empty: ' + heapBytes);
    answers += 1;
  });
}
await reader.close();
process.stdout.write(String(answers), () => process.exit(0));
`;

describe('A heap reader that asks by the inspector', () => {
  it('survives threads that end while they are asked', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', CHURN], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    const ended: unknown[] = await once(child, 'close');
    expect({ ended, errors }).to.deep.equal({ ended: [0, null], errors: '' });
    expect(Number(printed)).to.be.above(0);
  }).timeout(120_000);
});
