import { expect } from 'chai';
import { parseMix } from '../../load/mix.js';
import { sentenceOf } from '../support/option-folder.js';

describe('the mix of a load', () => {
  it('has weight 1 and no arguments unless it says otherwise', () => {
    expect(
      parseMix('[{"tool":"a"},{"tool":"b","arguments":{"x":1},"weight":2.5}]', 'The mix mix.json'),
    ).to.deep.equal([
      { tool: 'a', arguments: {}, weight: 1 },
      { tool: 'b', arguments: { x: 1 }, weight: 2.5 },
    ]);
  });

  for (const [text, where] of [
    ['[{"tool": "a",}]', 'is not JSON: unexpected "}" at line 1, column 15'],
    ['[]', 'is wrong'],
    ['{"tool":"a"}', 'is wrong'],
    ['[{"tool":"a"},{"tool":""}]', 'is wrong at 1.tool'],
    ['[{"tool":"a","weight":0}]', 'is wrong at 0.weight'],
    ['[{"tool":"a","arguments":[]}]', 'is wrong at 0.arguments'],
    ['[{"tool":"a","wieght":1}]', 'is wrong at 0'],
  ] as const) {
    it(`says in one sentence what is wrong with ${text}`, () => {
      const sentence = sentenceOf(() => parseMix(text, 'The mix mix.json'));
      expect(sentence).to.include(`The mix mix.json ${where}`).and.match(/\.$/);
    });
  }
});
