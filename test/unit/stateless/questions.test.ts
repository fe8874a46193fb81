import { expect } from 'chai';
import {
  isAnswer,
  isDeclared,
  NAME_META,
  nameFor,
  questionFacts,
  union,
} from '../../../workers/stateless/questions.js';

function needs(method: string, params?: unknown) {
  return questionFacts(method, params)?.needs ?? {};
}

describe('What a server asks its client', () => {
  it('needs the capability of its kind and mode', () => {
    expect(needs('elicitation/create', { message: 'Sure?' })).to.deep.equal({ elicitation: { form: {} } });
    expect(needs('elicitation/create', { mode: 'form' })).to.deep.equal({ elicitation: { form: {} } });
    expect(needs('elicitation/create', { mode: 'url' })).to.deep.equal({ elicitation: { url: {} } });
    expect(needs('sampling/createMessage', { messages: [] })).to.deep.equal({ sampling: {} });
    expect(needs('sampling/createMessage', { tools: [] })).to.deep.equal({ sampling: { tools: {} } });
    expect(needs('roots/list')).to.deep.equal({ roots: {} });
  });

  it('is nothing else', () => {
    for (const method of ['ping', 'tasks/get', 'elicitation/other', 'toString'])
      expect(questionFacts(method, {}), method).to.equal(undefined);
  });

  it('has the name that the server has given it, or that of its kind', () => {
    const named = (name: unknown) => questionFacts('roots/list', { _meta: { [NAME_META]: name } })?.name;
    expect(named('client_roots')).to.equal('client_roots');
    for (const name of ['', 'x'.repeat(65), 7, undefined]) expect(named(name)).to.equal(undefined);
    const facts = questionFacts('sampling/createMessage', {});
    expect(facts && nameFor(facts, 2)).to.equal('sampling-2');
  });

  const DECLARED: readonly [what: string, needed: object, declared: object, is: boolean][] = [
    ['forms by an empty elicitation', { elicitation: { form: {} } }, { elicitation: {} }, true],
    ['forms by name', { elicitation: { form: {} } }, { elicitation: { form: {}, url: {} } }, true],
    ['no forms by URLs alone', { elicitation: { form: {} } }, { elicitation: { url: {} } }, false],
    ['no URLs by an empty elicitation', { elicitation: { url: {} } }, { elicitation: {} }, false],
    ['no URLs by forms', { elicitation: { url: {} } }, { elicitation: { form: {} } }, false],
    ['sampling', { sampling: {} }, { sampling: {} }, true],
    ['no tools by sampling alone', { sampling: { tools: {} } }, { sampling: {} }, false],
    ['sampling with tools', { sampling: { tools: {} } }, { sampling: { tools: {} } }, true],
    ['roots', { roots: {} }, { roots: { listChanged: true } }, true],
    ['nothing by nothing', { roots: {} }, {}, false],
    ['nothing by what is no object', { roots: {} }, { roots: true }, false],
  ];
  for (const [what, needed, declared, is] of DECLARED) {
    it(`is declared: ${what}`, () => {
      expect(isDeclared(needed as never, declared as never)).to.equal(is);
    });
  }

  it('needs together what each of it needs', () => {
    const all = [
      { elicitation: { form: {} } },
      { sampling: {} },
      { elicitation: { url: {} } },
      { sampling: { tools: {} } },
    ];
    expect(union(all)).to.deep.equal({ elicitation: { form: {}, url: {} }, sampling: { tools: {} } });
  });

  it('is answered by what has the shape of its result', () => {
    const message = { role: 'assistant', model: 'm', content: { type: 'text', text: 'Paris' } };
    const right: [string, unknown][] = [
      ['elicitation/create', { action: 'accept', content: { a: 'x', b: 1, c: true, d: ['y'] } }],
      ['elicitation/create', { action: 'decline' }],
      ['elicitation/create', { action: 'cancel', content: null }],
      ['sampling/createMessage', message],
      ['sampling/createMessage', { ...message, content: [message.content] }],
      ['roots/list', { roots: [] }],
      ['roots/list', { roots: [{ uri: 'file:///a', name: 'a' }] }],
    ];
    for (const [method, answer] of right)
      expect(isAnswer(method, answer), JSON.stringify(answer)).to.equal(true);
    const wrong: [string, unknown][] = [
      ['elicitation/create', 12345],
      ['elicitation/create', null],
      ['elicitation/create', []],
      ['elicitation/create', { action: 'perhaps' }],
      ['elicitation/create', { action: 'accept', content: 'x' }],
      ['elicitation/create', { action: 'accept', content: { a: { b: 1 } } }],
      ['elicitation/create', { action: 'accept', content: { a: [1] } }],
      ['sampling/createMessage', { ...message, role: 'system' }],
      ['sampling/createMessage', { ...message, model: undefined }],
      ['sampling/createMessage', { ...message, content: 'Paris' }],
      ['roots/list', { roots: {} }],
      ['roots/list', { roots: [{}] }],
      ['roots/list', undefined],
    ];
    for (const [method, answer] of wrong)
      expect(isAnswer(method, answer), JSON.stringify(answer)).to.equal(false);
  });
});
