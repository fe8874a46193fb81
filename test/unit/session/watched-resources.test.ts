/** The resources that a compartment has been made to watch, with compartments that do what the test says. */
import { expect } from 'chai';
import {
  WatchedResources,
  type WatchingCompartment,
} from '../../../src/session/compartments/watched-resources.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

const SECOND = 1_000;

class Compartment implements WatchingCompartment {
  ended = false;
  kept = 0;
  released = false;
  readonly subscribed: string[] = [];
  readonly unsubscribed: string[] = [];
  /** What its server answers. */
  accepts: (uri: string) => boolean | Promise<boolean> = () => true;

  keep(): void {
    this.kept += 1;
  }

  letGo(): void {
    this.kept -= 1;
  }

  async subscribe(uri: string): Promise<boolean> {
    this.subscribed.push(uri);
    return this.accepts(uri);
  }

  unsubscribe(uri: string): void {
    this.unsubscribed.push(uri);
  }

  release(): void {
    this.released = true;
  }
}

function world() {
  const clock = new FakeClock().install();
  afterThisTest(() => clock.restore());
  const opened: Compartment[] = [];
  const news: string[] = [];
  let room = true;
  let empties = 0;
  const watched = new WatchedResources({
    open: () => {
      if (!room) return undefined;
      const compartment = new Compartment();
      opened.push(compartment);
      return compartment;
    },
    mayHaveChanged: (uri) => news.push(uri),
    onEmpty: () => {
      empties += 1;
    },
  });
  return {
    clock,
    watched,
    opened,
    news,
    full: () => {
      room = false;
    },
    empties: () => empties,
  };
}

describe('Resources that somebody listens to', () => {
  it('are watched by one compartment, which is kept until nobody listens', async () => {
    const { watched, opened, empties } = world();
    expect([...(await watched.watch(new Set(['a', 'b'])))]).to.deep.equal(['a', 'b']);
    await watched.watch(new Set(['b']));
    const [compartment] = opened;
    expect([opened.length, compartment?.kept, compartment?.subscribed]).to.deep.equal([1, 1, ['a', 'b']]);
    watched.unwatch(new Set(['a', 'b']));
    expect([compartment?.kept, compartment?.unsubscribed, empties()]).to.deep.equal([1, ['a'], 0]);
    watched.unwatch(new Set(['b']));
    expect([compartment?.kept, compartment?.released, empties()]).to.deep.equal([0, true, 1]);
  });

  it('are only those that the server accepts', async () => {
    const { watched, opened, empties } = world();
    const watching = watched.watch(new Set(['yes', 'no']));
    opened[0]!.accepts = (uri) => uri === 'yes';
    expect([...(await watching)]).to.deep.equal(['yes']);
    watched.unwatch(new Set(['yes']));
    expect([opened[0]?.kept, empties()]).to.deep.equal([0, 1]);
  });

  it('are not asked for any more by a client that has waited for 10 seconds', async () => {
    const { clock, watched, opened } = world();
    const uris = new Set(['a', 'slow', 'b', 'c']);
    const watching = watched.watch(uris);
    opened[0]!.accepts = (uri) => {
      if (uri === 'slow') clock.stall(10 * SECOND);
      return uri !== 'slow';
    };
    expect([...(await watching)]).to.deep.equal(['a']);
    expect(opened[0]?.subscribed).to.deep.equal(['a', 'slow']);
  });

  it('are none where there is no room for a compartment', async () => {
    const { watched, full, empties } = world();
    full();
    expect([...(await watched.watch(new Set(['a'])))]).to.deep.equal([]);
    expect(empties()).to.equal(1);
  });

  it('are watched anew after the worker has died, and may have changed meanwhile', async () => {
    const { clock, watched, opened, news } = world();
    await watched.watch(new Set(['a', 'b']));
    watched.onWorkerGone();
    watched.onWorkerGone();
    await clock.advance(0.9 * SECOND);
    expect(news).to.deep.equal([]);
    await clock.advance(0.2 * SECOND);
    expect(opened[0]?.subscribed).to.deep.equal(['a', 'b', 'a', 'b']);
    expect(news).to.deep.equal(['a', 'b']);
  });

  it('get another compartment if theirs has ended', async () => {
    const { clock, watched, opened, news } = world();
    await watched.watch(new Set(['a']));
    opened[0]!.ended = true;
    watched.onWorkerGone();
    await clock.advance(2 * SECOND);
    expect([opened.length, opened[1]?.kept, news]).to.deep.equal([2, 1, ['a']]);
    watched.unwatch(new Set(['a']));
    expect([opened[1]?.kept, opened[1]?.released]).to.deep.equal([0, true]);
  });

  it('are watched anew after longer and longer pauses while workers keep dying', async () => {
    const { clock, watched, opened } = world();
    await watched.watch(new Set(['a']));
    const times: number[] = [];
    opened[0]!.accepts = () => {
      times.push(clock.nowMs);
      watched.onWorkerGone();
      return false;
    };
    watched.onWorkerGone();
    await clock.advance(200 * SECOND);
    const pauses = times.slice(1).map((time, index) => (time - times[index]!) / SECOND);
    expect(pauses).to.deep.equal([2, 4, 8, 16, 32, 60, 60]);
  });

  it('are not watched anew when nobody listens any more', async () => {
    const { clock, watched, opened } = world();
    await watched.watch(new Set(['a']));
    watched.onWorkerGone();
    watched.unwatch(new Set(['a']));
    await clock.advance(100 * SECOND);
    await settle();
    expect(opened[0]?.subscribed).to.deep.equal(['a']);
    expect(clock.timers.size).to.equal(0);
  });
});
