import { expect } from 'chai';
import { type ListedTool, parseMix, safeMix } from '../../load/mix.js';
import { sentenceOf } from '../support/option-folder.js';

describe('the mix of a load', () => {
  it('has weight 1 and no arguments unless it says otherwise', () => {
    expect(
      parseMix('[{"tool":"a"},{"tool":"b","arguments":{"x":1},"weight":2.5}]', 'mix.json'),
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
      const sentence = sentenceOf(() => parseMix(text, 'mix.json'));
      expect(sentence).to.include(`The mix mix.json ${where}`).and.match(/\.$/);
    });
  }
});

describe('the tool that is called where no mix is given', () => {
  const tool = (
    name: string,
    annotations: ListedTool['annotations'],
    inputSchema: object = {},
  ): ListedTool => ({
    name,
    annotations,
    inputSchema: { type: 'object', ...inputSchema },
  });
  const free = { required: ['text'], properties: { text: { type: 'string' } } };

  it('is one that says it is read-only; without one there is none', () => {
    expect(safeMix([tool('a', undefined), tool('b', { readOnlyHint: false })])).to.equal(undefined);
    expect(safeMix([])).to.equal(undefined);
    expect(safeMix([tool('a', undefined), tool('b', { readOnlyHint: true })])).to.deep.equal([
      { tool: 'b', arguments: {}, weight: 1 },
    ]);
  });

  it('is rather one that gives its text back, so that answers can be told apart', () => {
    const tools = [tool('a', { readOnlyHint: true }), tool('echo', { readOnlyHint: true }, free)];
    expect(safeMix(tools)).to.deep.equal([
      { tool: 'echo', arguments: { text: '{{session}} {{n}}' }, weight: 1 },
    ]);
  });

  it('is rather one that stays on its machine', () => {
    const tools = [
      tool('far', { readOnlyHint: true }),
      tool('near', { readOnlyHint: true, openWorldHint: false }),
    ];
    expect(safeMix(tools)?.[0]?.tool).to.equal('near');
  });

  it('is never one whose arguments would have to be made up', () => {
    const path = { required: ['path'], properties: { path: { type: 'string' } } };
    const pattern = { required: ['text'], properties: { text: { type: 'string', format: 'uri' } } };
    const two = { required: ['text', 'n'], properties: { text: { type: 'string' }, n: { type: 'number' } } };
    for (const schema of [path, pattern, two]) {
      expect(safeMix([tool('a', { readOnlyHint: true }, schema)])).to.equal(undefined);
    }
  });
});
