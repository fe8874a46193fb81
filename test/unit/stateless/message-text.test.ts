import { expect } from 'chai';
import fc from 'fast-check';
import { introductionIn } from '../../../src/shared/stateless.js';
import {
  progressText,
  questionIn,
  requestText,
  responseText,
  resultTail,
} from '../../../workers/stateless/message-text.js';

const INTRODUCTION = introductionIn({ serverInfo: { name: 's', version: '1' }, capabilities: {} });
const SERVER_INFO = { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '1' } };

function responded(result: string, method = 'tools/call'): string {
  const text = `{"result": ${result}, "id": "r-1", "jsonrpc": "2.0"}`;
  return responseText(7, resultTail(text, method, INTRODUCTION, undefined));
}

describe('The text of a request of the stateless era, for a program', () => {
  it('has the key as its id and its progress token, and nothing of round trips and tasks', () => {
    const params = '"arguments":{"n":9007199254740993,"id":1}';
    const meta = '"_meta":{"progressToken":3,"more":1.0}';
    const rounds = '"inputResponses":{"a":{"action":"accept"}},"requestState":"x","task":{"ttl":1}';
    expect(
      requestText(`{"id":3,"method":"m","params":{${params},${meta},${rounds}}}`, 'r-1', false),
    ).to.equal(`{"id":"r-1","method":"m","params":{${params},"_meta":{"progressToken":"r-1","more":1.0}}}`);
  });

  it('gets no progress token that it had not, and no params', () => {
    expect(requestText('{"id":3,"params":{"_meta":{}}}', 'r-1', false)).to.equal(
      '{"id":"r-1","params":{"_meta":{}}}',
    );
    expect(requestText('{"method":"m","id":"a"}', 'r-1', false)).to.equal('{"method":"m","id":"r-1"}');
  });
});

describe('The text of a request with the handle of a session', () => {
  it('loses the handle alone, and keeps the digits of the other arguments', () => {
    const text =
      '{"id":3,"method":"tools/call","params":{"name":"t","arguments":{"n":9007199254740993,"session":"s"}}}';
    expect(requestText(text, 'r-1', true)).to.equal(
      '{"id":"r-1","method":"tools/call","params":{"name":"t","arguments":{"n":9007199254740993}}}',
    );
    expect(requestText(text, 'r-1', false)).to.include('"session":"s"');
  });
});

describe('The text of a result for a client of the stateless era', () => {
  it('has what the revision adds, and the rest as the program has written it', () => {
    expect(responded('{ "content" : [], "n": 9007199254740993 }')).to.equal(
      `{"jsonrpc":"2.0","id":7,"result":{"content":[],"n":9007199254740993,"resultType":"complete","_meta":${JSON.stringify(SERVER_INFO)}}}`,
    );
  });

  it('says how long it may be kept, where results say that', () => {
    const { result } = JSON.parse(responded('{"tools":[]}', 'tools/list'));
    expect(result).to.deep.equal({
      tools: [],
      resultType: 'complete',
      ttlMs: 0,
      cacheScope: 'private',
      _meta: SERVER_INFO,
    });
  });

  it('keeps what the program itself says in words of the revision', () => {
    const own = '{"contents":[],"ttlMs":5,"cacheScope":"public","_meta":{"a":1},"resultType":"complete"}';
    expect(JSON.parse(responded(own, 'resources/read')).result).to.deep.equal({
      contents: [],
      ttlMs: 5,
      cacheScope: 'public',
      resultType: 'complete',
      _meta: { ...SERVER_INFO, a: 1 },
    });
  });

  it('keeps no such word that means nothing in the revision', () => {
    const own = '{"contents":[],"ttlMs":-5,"cacheScope":"mine","resultType":"task"}';
    expect(JSON.parse(responded(own, 'resources/read')).result).to.deep.equal({
      contents: [],
      ttlMs: 0,
      cacheScope: 'private',
      resultType: 'complete',
      _meta: SERVER_INFO,
    });
    const asked = '{"resultType":"input_required","requestState":"mine"}';
    expect(JSON.parse(responded(asked, 'tools/call')).result).to.include({ resultType: 'input_required' });
    for (const [text, method] of [
      [asked, 'prompts/list'],
      ['{"resultType":"input_required"}', 'tools/call'],
      ['{"resultType":7}', 'tools/call'],
    ] as const)
      expect(JSON.parse(responded(text, method)).result, text).to.include({ resultType: 'complete' });
  });

  it('is what it was, whatever it is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(2), (result, indentation) => {
        fc.pre(!('_meta' in result) && !('resultType' in result) && !('__proto__' in result));
        const { resultType, _meta, ...rest } = JSON.parse(
          responded(JSON.stringify(result, undefined, indentation)),
        ).result;
        expect(resultType).to.equal('complete');
        expect(_meta).to.deep.equal(SERVER_INFO);
        expect(rest).to.deep.equal(JSON.parse(JSON.stringify(result)));
      }),
    );
  });
});

describe('The text of progress', () => {
  it("has the client's own token, and its numbers as they were", () => {
    const text = '{"method":"notifications/progress","params":{"progress":1.50,"progressToken":"r-1"}}';
    expect(progressText(text, 4)).to.equal(
      '{"method":"notifications/progress","params":{"progress":1.50,"progressToken":4}}',
    );
  });
});

describe('The text of what a program asks its client', () => {
  it('is the request without its envelope', () => {
    const text = '{"jsonrpc":"2.0","id":5,"method":"elicitation/create","params":{"mode":"url","n":1.0}}';
    const question = questionIn(text, 5, 'elicitation/create');
    expect(question.text).to.equal('{"method":"elicitation/create","params":{"mode":"url","n":1.0}}');
    expect(question).to.deep.include({
      id: 5,
      facts: { method: 'elicitation/create', needs: { elicitation: { url: {} } }, name: undefined },
    });
  });

  it('is something that it can do without if it is roots', () => {
    expect(questionIn('{"id":5,"method":"roots/list"}', 5, 'roots/list')).to.deep.include({
      text: '{"method":"roots/list"}',
      optional: true,
    });
  });
});
