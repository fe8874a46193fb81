import { serialize } from 'node:v8';
import { expect } from 'chai';
import { SharedStateUse } from '../../../src/isolation/port/shared-counters.js';
import { KeptState } from '../../../src/session/kept-state.js';
import { StateBudget } from '../../../src/session/state-budget.js';
import type { FromWorkerFrame } from '../../../src/shared/frames/from-worker.js';
import { STATE_BUDGET_BYTES } from '../../../src/shared/session-state-size.js';
import { StoredState } from '../../../workers/session/stored-state.js';

const MEBIBYTE = 1024 * 1024;
const ENTRY_BYTES = 256;

describe('what sessions keep of session.state', () => {
  /** In the form in which threads receive it. */
  function budgetOf(limitBytes: number) {
    const use = new SharedStateUse();
    return { budget: new StateBudget(limitBytes, (bytes) => use.tell(bytes)), use };
  }

  /** The two sides of a session. */
  function sidesOf({ budget, use }: ReturnType<typeof budgetOf>) {
    const kept = new KeptState(budget);
    const thread = () =>
      new StoredState(
        kept.block(),
        () => Atomics.load(use.usedKib, 0),
        (frame: FromWorkerFrame) => {
          if (typeof frame === 'string' || frame.type !== 'state')
            throw new Error('it is no change of the state');
          kept.set(frame.key, frame.value === undefined ? undefined : new Uint8Array(frame.value));
        },
      );
    return { kept, thread };
  }

  it('goes from one thread to the next, keys in their order', () => {
    const { thread } = sidesOf(budgetOf(MEBIBYTE));
    const first = thread();
    first.set('one', 1);
    first.set('gone', 'for now');
    first.set('empty', undefined);
    first.set('one', { larger: 'than before' });
    first.delete('gone');
    const next = thread();
    expect(next.keys()).to.deep.equal(['one', 'empty']);
    expect(next.get('one')).to.deep.equal({ larger: 'than before' });
    expect(next.get('empty')).to.equal(undefined);
  });

  it('is nothing to post where nothing is stored', () => {
    const { kept, thread } = sidesOf(budgetOf(MEBIBYTE));
    expect(kept.block()).to.equal(undefined);
    const stored = thread();
    stored.set('key', 1);
    stored.delete('key');
    expect(kept.block()).to.equal(undefined);
  });

  it('counts for the budget of all, until it is deleted or its session ends', () => {
    const all = budgetOf(MEBIBYTE);
    const { budget } = all;
    const [one, other] = [sidesOf(all), sidesOf(all)];
    const stored = one.thread();
    stored.set('key', 1);
    const bytes = ENTRY_BYTES + 2 * 'key'.length + serialize(1).byteLength;
    expect(budget.usedBytes).to.equal(bytes);
    other.thread().set('key', 1);
    expect(budget.usedBytes).to.equal(2 * bytes);
    stored.delete('key');
    expect(budget.usedBytes).to.equal(bytes);
    other.kept.release();
    expect(budget.usedBytes).to.equal(0);
  });

  it('is refused in the thread once all sessions hold what they may, and taken when there is room again', () => {
    const all = budgetOf(STATE_BUDGET_BYTES);
    const { budget } = all;
    const { thread } = sidesOf(all);
    const stored = thread();
    stored.set('key', 'a longer value');
    budget.account(STATE_BUDGET_BYTES);
    expect(() => stored.set('more', 1)).to.throw(/256 MiB that the gateway has for all sessions are used up/);
    stored.set('key', 'shorter');
    expect(stored.get('key')).to.equal('shorter');
    budget.account(-STATE_BUDGET_BYTES);
    stored.set('more', 1);
    expect(stored.keys()).to.deep.equal(['key', 'more']);
  });

  it('may pass the budget by what was on the way, and no further, whatever is in the shared memory', () => {
    const { budget, use } = budgetOf(4 * MEBIBYTE);
    Atomics.store(use.usedKib, 0, -1_000_000);
    const value = new Uint8Array(MEBIBYTE / 2);
    let sessions = 0;
    const fill = (): void => {
      for (; sessions < 1_000; sessions += 1) {
        new KeptState(budget).set('key', value);
        Atomics.store(use.usedKib, 0, -1_000_000);
      }
    };
    expect(fill).to.throw(/far more than they may/);
    expect(budget.usedBytes).to.be.within(4 * MEBIBYTE, 68 * MEBIBYTE);
    expect(sessions).to.be.within(8, 136);
  });

  it('holds no more than 1 MiB of a session, whatever its thread sends', () => {
    const { budget } = budgetOf(STATE_BUDGET_BYTES);
    const kept = new KeptState(budget);
    kept.set('half', new Uint8Array(MEBIBYTE / 2));
    const used = budget.usedBytes;
    expect(() => kept.set('other half', new Uint8Array(MEBIBYTE / 2))).to.throw(/more than 1048576 bytes/);
    expect(budget.usedBytes).to.equal(used);
    expect(kept.block()?.keys).to.deep.equal(['half']);
  });
});
