import { expect } from 'chai';
import {
  isDoomed,
  moved,
  shownState,
  WORKER_STATES,
  type WorkerState,
} from '../../../src/isolation/worker-states.js';

const allowed = (from: WorkerState) => WORKER_STATES.filter((to) => allows(from, to));

function allows(from: WorkerState, to: WorkerState): boolean {
  try {
    return moved(from, to) === to;
  } catch {
    return false;
  }
}

describe("a worker's states", () => {
  it('follow one another as the table says', () => {
    expect(Object.fromEntries(WORKER_STATES.map((from) => [from, allowed(from)]))).to.deep.equal({
      starting: ['spare', 'terminating', 'gone'],
      spare: ['claimed', 'terminating', 'gone'],
      claimed: ['falling_asleep', 'ending', 'terminating', 'gone'],
      falling_asleep: ['claimed', 'ending', 'terminating', 'gone'],
      ending: ['terminating', 'gone'],
      terminating: ['stuck', 'gone'],
      stuck: ['gone'],
      gone: [],
    });
  });

  it('are told of in the error where a move is not allowed', () => {
    expect(() => moved('terminating', 'claimed')).to.throw(/cannot become claimed when it is terminating/);
  });

  it('lead from a doomed one to no other than a doomed one', () => {
    for (const from of WORKER_STATES.filter(isDoomed)) expect(allowed(from).every(isDoomed)).to.equal(true);
  });

  it('are shown without how it ends', () => {
    expect(WORKER_STATES.map(shownState)).to.deep.equal([
      'starting',
      'spare',
      'claimed',
      'ending',
      'ending',
      'terminating',
      'stuck',
      undefined,
    ]);
  });
});
