import type { LookupFunction } from 'node:net';
import { expect } from 'chai';
import { boundedLookup, MOST_LOOKUPS } from '../../../workers/environment/name-lookups.js';

type Answer = () => void;

/** A name service that answers only when it is told to. */
function slowLookup(): { readonly lookup: LookupFunction; readonly asked: Map<string, Answer> } {
  const asked = new Map<string, Answer>();
  const lookup: LookupFunction = (hostname, _options, callback) => {
    asked.set(hostname, () => callback(null, '192.0.2.1', 4));
  };
  return { lookup, asked };
}

describe('name look-ups of a session', () => {
  it('hold a few threads of the shared pool at most, however many are asked for', () => {
    const { lookup, asked } = slowLookup();
    const bounded = boundedLookup(lookup);
    for (let index = 0; index < 50; index += 1) bounded(`host-${index}`, {}, () => undefined);
    expect(asked.size).to.equal(MOST_LOOKUPS);
  });

  it('are all made in the end, in the order in which they were asked for', () => {
    const { lookup, asked } = slowLookup();
    const bounded = boundedLookup(lookup, 1);
    const answered: string[] = [];
    for (const name of ['a', 'b', 'c']) bounded(name, {}, () => answered.push(name));
    for (const name of ['a', 'b', 'c']) {
      expect([...asked.keys()].at(-1)).to.equal(name);
      asked.get(name)?.();
    }
    expect(answered).to.deep.equal(['a', 'b', 'c']);
  });

  it('make room when one fails', () => {
    const failed: string[] = [];
    const bounded = boundedLookup((hostname, _options, callback) => {
      callback(Object.assign(new Error(hostname), { code: 'ENOTFOUND' }), '');
    }, 1);
    for (const name of ['a', 'b']) bounded(name, {}, (error) => failed.push(error?.message ?? ''));
    expect(failed).to.deep.equal(['a', 'b']);
  });
});
