import { expect } from 'chai';
import { Preparations } from '../../../src/hosting/preparations.js';
import { settle } from '../../support/fake-clock.js';

describe('Servers that are prepared', () => {
  function world() {
    const preparations = new Preparations(2);
    const begun: string[] = [];
    const ends = new Map<string, (fails?: boolean) => void>();
    const leaving = new AbortController();
    const { signal } = leaving;
    const prepare = (name: string, stopping = signal): Promise<string> =>
      preparations.run(stopping, () => {
        begun.push(name);
        return new Promise((resolve, reject) => {
          ends.set(name, (fails = false) => (fails ? reject(new Error(name)) : resolve(name)));
        });
      });
    return { prepare, begun, ends, leaving };
  }

  it('are only a few at a time, first come, first served', async () => {
    const { prepare, begun, ends } = world();
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) =>
      prepare(name).catch((error: Error) => `${error.message} failed`),
    );
    expect(begun).to.deep.equal(['a', 'b']);
    ends.get('b')?.(true);
    await settle();
    expect(begun).to.deep.equal(['a', 'b', 'c']);
    for (const name of ['c', 'a', 'd', 'e']) {
      ends.get(name)?.();
      await settle();
    }
    expect(await Promise.all(all)).to.deep.equal(['a', 'b failed', 'c', 'd', 'e']);
    void prepare('f');
    expect(begun.at(-1)).to.equal('f');
  });

  it('leave the line when they are given up', async () => {
    const { prepare, begun, ends, leaving } = world();
    void prepare('a');
    void prepare('b');
    const given = prepare('c', leaving.signal);
    const later = prepare('d', new AbortController().signal);
    leaving.abort(new Error('given up'));
    expect(await given.catch((error: Error) => error.message)).to.equal('given up');
    expect(await prepare('e').catch((error: Error) => error.message)).to.equal('given up');
    ends.get('a')?.();
    await settle();
    expect(begun).to.deep.equal(['a', 'b', 'd']);
    ends.get('d')?.();
    expect(await later).to.equal('d');
  });
});
