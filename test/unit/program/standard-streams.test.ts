import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';

const STREAMS = new URL('../../../workers/program/standard-streams.js', import.meta.url).href;

/** Node's main script of a worker does with `process.stdout` what this does with it. */
const CODE = `
  const { parentPort } = require('node:worker_threads');
  import(${JSON.stringify(STREAMS)}).then(({ passOnNodesCalls, ProgramOutput }) => {
    const node = process.stdout;
    const names = Object.getOwnPropertySymbols(Object.getPrototypeOf(node));
    const name = names.find(({ description }) => description === 'kStdioWantsMoreDataCallback');
    const own = new ProgramOutput(1, () => {});
    const before = typeof own[name];
    passOnNodesCalls(own, node);
    let error;
    try { own[name](); } catch (thrown) { error = String(thrown); }
    parentPort.postMessage({ known: name !== undefined, before, error });
  });
`;

describe('stdout of a program in a thread', () => {
  it("takes Node's word that the main thread has read what the thread wrote", async () => {
    const worker = new Worker(CODE, { eval: true });
    const [answer] = (await once(worker, 'message')) as unknown[];
    await worker.terminate();
    expect(answer).to.deep.equal({ known: true, before: 'undefined', error: undefined });
  });
});
