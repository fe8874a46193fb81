import { expect } from 'chai';
import {
  givenResponse,
  INPUT_REQUIRED,
  parseInputs,
  renderInputRequests,
} from '../../../src/cli/questions/input-requests.js';
import { sentenceOf } from '../../support/option-folder.js';

const asking = (inputRequests: object) =>
  INPUT_REQUIRED.parse({ resultType: 'input_required', inputRequests, requestState: 'sealed' });

const FORM = {
  method: 'elicitation/create',
  params: {
    mode: 'form',
    message: 'Who?',
    requestedSchema: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        age: { type: 'integer' },
        sure: { type: 'boolean' },
        colour: { type: 'string', enum: ['red', 'green'] },
        size: { type: 'number', default: 1.5 },
        tags: { type: 'array' },
      },
    },
  },
};
const ROOTS = { method: 'roots/list' };
const SAMPLING = {
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: 'Why?' } }], maxTokens: 5 },
};

function answer({ method }: { method: string }, written: string): unknown {
  return givenResponse('key', method, parseInputs([`key=${written}`]).get('key'));
}

describe('the answers of --input', () => {
  it('are JSON after the first =', () => {
    expect([...parseInputs(['a={"b": "c=d"}', 'e=[1]'])]).to.deep.equal([
      ['a', { b: 'c=d' }],
      ['e', [1]],
    ]);
  });

  it('accept a form with its fields, and decline or cancel it with an action', () => {
    expect(answer(FORM, '{"name": "Ada"}')).to.deep.equal({ action: 'accept', content: { name: 'Ada' } });
    expect(answer(FORM, '{"action": "decline"}')).to.deep.equal({ action: 'decline' });
    const whole = { action: 'accept', content: { name: 'Ada' } };
    expect(answer(FORM, JSON.stringify(whole))).to.deep.equal(whole);
    expect(answer(FORM, '{"action": "jump"}')).to.deep.equal({
      action: 'accept',
      content: { action: 'jump' },
    });
  });

  it('speak for the model with a text, and give roots as a list', () => {
    expect(answer(SAMPLING, '"Because"')).to.deep.equal({
      role: 'assistant',
      content: { type: 'text', text: 'Because' },
      model: 'bulkhead-call',
      stopReason: 'endTurn',
    });
    expect(answer(ROOTS, '["file:///a"]')).to.deep.equal({ roots: [{ uri: 'file:///a' }] });
    expect(answer(ROOTS, '{"roots": []}')).to.deep.equal({ roots: [] });
  });

  for (const [request, written, sentence] of [
    [FORM, '"Ada"', '--input key is "Ada", but must be a JSON object with the fields that are asked for'],
    [SAMPLING, '5', '--input key is 5, but must be a JSON string, or a whole result'],
    [ROOTS, '[1]', '--input key is [1], but must be a JSON array of URIs'],
  ] as const) {
    it(`are refused where they do not suit ${request.method}`, () => {
      expect(sentenceOf(() => answer(request, written))).to.include(sentence);
    });
  }
});

describe('what a server asks, on a terminal', () => {
  it('is the question, and a flag that answers it with values of the right kinds', () => {
    expect(renderInputRequests(asking({ who: FORM, why: SAMPLING, where: ROOTS })).split('\n')).to.deep.equal(
      [
        '  who (elicitation/create): Who?',
        `    --input 'who={"name":"…","age":0,"sure":true,"colour":"red","size":1.5,"tags":[]}'`,
        '  why (sampling/createMessage): user: Why?',
        `    --input 'why="…"'`,
        '  where (roots/list)',
        `    --input 'where=["file:///…"]'`,
      ],
    );
  });

  it('is the address that the user has to visit', () => {
    const params = { mode: 'url', message: 'Sign in', url: 'https://id.example/' };
    expect(renderInputRequests(asking({ auth: { method: 'elicitation/create', params } }))).to.equal(
      `  auth (elicitation/create): Sign in https://id.example/\n    --input 'auth={"action": "accept"}'`,
    );
  });

  it('stands in quotes that a shell understands', () => {
    expect(renderInputRequests(asking({ "it's": ROOTS }))).to.include(`--input 'it'\\''s=["file:///…"]'`);
  });
});
