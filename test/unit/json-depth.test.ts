import { expect } from 'chai';
import { parseBody } from '../../src/protocol/json-rpc.js';
import { MAX_JSON_DEPTH, nestsDeeperThan } from '../../src/shared/json-depth.js';

const arrays = (levels: number, inside = '') => '['.repeat(levels) + inside + ']'.repeat(levels);
const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

describe('The depth of a JSON text', () => {
  it('is counted over arrays and objects', () => {
    for (const [text, levels] of [
      [arrays(300), 300],
      [objects(300), 300],
      [`{"a":[${arrays(298)}]}`, 300],
    ] as const) {
      expect(nestsDeeperThan(text, levels)).to.equal(false);
      expect(nestsDeeperThan(text, levels - 1)).to.equal(true);
    }
  });

  it('is not how many of them there are', () => {
    expect(nestsDeeperThan(JSON.stringify(Array(5_000).fill([{ a: [] }])), 4)).to.equal(false);
  });

  it('is not what strings look like', () => {
    const string = JSON.stringify('[{"\\'.repeat(5_000));
    expect(nestsDeeperThan(`[${string},${string}]`, 1)).to.equal(false);
    expect(nestsDeeperThan(`["\\\\",${arrays(9)}]`, 5)).to.equal(true);
    expect(nestsDeeperThan(`["\\"${'['.repeat(50)}"]`, 5)).to.equal(false);
  });

  it('is found without recursion', () => {
    expect(nestsDeeperThan(arrays(2_000_000), 256)).to.equal(true);
    expect(nestsDeeperThan('['.repeat(4_000_000), 256)).to.equal(true);
  });
});

describe('A message that nests', () => {
  const message = (inside: string) => `{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":${inside}}}`;

  it('as deep as any may is taken', () => {
    expect(parseBody(message(arrays(MAX_JSON_DEPTH - 2)))).to.have.property('messages');
  });

  for (const levels of [MAX_JSON_DEPTH - 1, 5_000, 100_000, 1_000_000]) {
    it(`${levels + 2} levels deep is refused, alone and in a batch`, () => {
      for (const body of [
        message(arrays(levels)),
        message(objects(levels)),
        `[${message(arrays(levels))}]`,
      ]) {
        expect(parseBody(body)).to.deep.include({ reason: 'invalid_request', code: -32600, id: null });
      }
    });
  }
});
