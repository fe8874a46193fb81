/** What is answered in the stateless era without a compartment, until it has changed. */
import { expect } from 'chai';
import type { AnswerSource, CachedAnswer, CachedAnswers } from '../../../src/servers/cached-answers.js';
import { StatelessAnswers } from '../../../src/session/compartments/stateless-answers.js';

const DECLARED = { tools: true, prompts: true, resources: true, logging: false, subscribe: false };

function answer(text: string): CachedAnswer {
  return { before: `{"result":"${text}","id":`, after: '}', failure: undefined, digest: text };
}

function answers(name: string): CachedAnswers {
  const methods = ['tools/list', 'resources/list', 'resources/templates/list'];
  const lists = new Map(methods.map((method) => [method, answer(`${method} of ${name}`)]));
  return { initialize: answer(`discovery of ${name}`), lists, declared: DECLARED };
}

function world() {
  const slot = { current: answers('old') };
  const source: AnswerSource = { slot: () => slot };
  return { slot, stateless: new StatelessAnswers(source, undefined) };
}

describe('Answers of the stateless era that are known', () => {
  it('have the id of the client', () => {
    const { stateless } = world();
    expect(stateless.answer({ method: 'tools/list', replyId: 'a' }, {})?.body).to.equal(
      '{"result":"tools/list of old","id":"a"}',
    );
  });

  it('are not given any more once the server has announced a change, but for other lists', () => {
    const { stateless } = world();
    stateless.listChanged('resources');
    expect(stateless.answer({ method: 'resources/list', replyId: 1 }, {})).to.equal(undefined);
    expect(stateless.answer({ method: 'resources/templates/list', replyId: 1 }, {})).to.equal(undefined);
    expect(stateless.answer({ method: 'tools/list', replyId: 1 }, {})).to.not.equal(undefined);
    expect(stateless.answer({ method: 'server/discover', replyId: 1 }, {})).to.not.equal(undefined);
  });

  it('are given again when others are known', () => {
    const { slot, stateless } = world();
    stateless.listChanged('tools');
    expect(stateless.answer({ method: 'tools/list', replyId: 1 }, {})).to.equal(undefined);
    slot.current = answers('new');
    expect(stateless.answer({ method: 'tools/list', replyId: 1 }, {})?.body).to.contain('tools/list of new');
  });
});

describe('What is answered to server/discover by a gateway that cannot ask the server', () => {
  it('has what most servers have, and must not be kept', () => {
    const { body, failure } = world().stateless.presumed('probe');
    expect(failure).to.equal(undefined);
    const { id, result } = JSON.parse(body);
    expect(id).to.equal('probe');
    expect(result).to.deep.include({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' });
    expect(result.supportedVersions).to.include('2026-07-28');
    const listed = { listChanged: true };
    expect(result.capabilities).to.deep.equal({ tools: listed, prompts: listed, resources: listed });
  });
});
