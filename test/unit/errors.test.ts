import { expect } from 'chai';
import { messageOf, withoutPaths } from '../../src/shared/errors.js';

describe('A sentence for a client', () => {
  const cases: [message: string, said: string][] = [
    [
      "EMFILE: too many open files, open '/srv/app/dist/worker.cjs'",
      "EMFILE: too many open files, open '(a path)'",
    ],
    [
      'Cannot find module /srv/app/x.mjs imported from file:///srv/app/y.mjs',
      'Cannot find module (a path) imported from (a path)',
    ],
    ['at load (/srv/app/x.js:1:2)', 'at load ((a path))'],
    [String.raw`open 'C:\Users\ada\x.txt'`, "open '(a path)'"],
    [
      'GET /sse opens a new one; see https://app.example/docs/a',
      'GET /sse opens a new one; see https://app.example/docs/a',
    ],
    ['1/2 of it, and/or a / b', '1/2 of it, and/or a / b'],
  ];
  for (const [message, said] of cases) {
    it(`names no path: ${message}`, () => expect(withoutPaths(message)).to.equal(said));
  }
});

describe('The message of what was thrown', () => {
  it('is there whatever it was', () => {
    const hostile = Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('no');
      },
    });
    for (const thrown of [undefined, null, 1n, Symbol('s'), Object.create(null), hostile]) {
      expect(messageOf(thrown)).to.be.a('string').with.length.above(0);
    }
  });
});
