import { expect } from 'chai';
import { answerOf } from '../../src/servers/cached-answers.js';
import { viewedAnswer } from '../../src/servers/viewed-answers.js';
import { type ListView, viewedResponse } from '../../src/shared/list-view.js';
import { ListViews } from '../../workers/list-views.js';

const ALL = { allow: undefined, deny: [] };
const view = (part: Partial<ListView>): ListView => ({ tools: ALL, prompts: ALL, resources: ALL, ...part });
const noSecrets = view({ tools: { allow: ['read_*', 'secret_*'], deny: ['secret_*'] } });
const listOf = (...names: readonly string[]): string =>
  JSON.stringify({ result: { tools: names.map((name) => ({ name })) }, jsonrpc: '2.0', id: 1 });

describe('A list as its caller sees it', () => {
  it('has the items that are allowed and not denied, unchanged to the digits of their numbers', () => {
    const body =
      '{"jsonrpc":"2.0","id":"a","result":{"tools":[{"name":"secret_a"}, {"name":"read_a","n":9007199254740993.0},{"name":"b"}],"nextCursor":"c"}}';
    expect(viewedResponse(noSecrets, body)).to.equal(
      '{"jsonrpc":"2.0","id":"a","result":{"tools":[{"name":"read_a","n":9007199254740993.0}],"nextCursor":"c"}}',
    );
  });

  it('has no item without a name', () => {
    const body = '{"result":{"tools":[{},{"name":7},"read_a",null,[{"name":"read_a"}],{"name":"read_a"}]}}';
    expect(viewedResponse(noSecrets, body)).to.equal('{"result":{"tools":[{"name":"read_a"}]}}');
  });

  it('is cut by URIs of resources and of their templates, and by names of prompts', () => {
    const some = view({ resources: { allow: ['a:*'], deny: [] }, prompts: { allow: [], deny: [] } });
    const body = JSON.stringify({
      result: {
        resources: [{ uri: 'a:1' }, { uri: 'b:1' }],
        resourceTemplates: [{ uriTemplate: 'a:{x}' }, { uriTemplate: 'b:{x}' }],
        prompts: [{ name: 'p' }],
      },
    });
    expect(JSON.parse(viewedResponse(some, body)).result).to.deep.equal({
      resources: [{ uri: 'a:1' }],
      resourceTemplates: [{ uriTemplate: 'a:{x}' }],
      prompts: [],
    });
  });

  it('is for nobody else', () => {
    const body = '{"result":{"tools":[],"cacheScope":"public","ttlMs":5}}';
    expect(viewedResponse(view({}), body)).to.equal(
      '{"result":{"tools":[],"cacheScope":"private","ttlMs":5}}',
    );
  });

  it('stays an error if it is one', () => {
    const body = '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"tools"}}';
    expect(viewedResponse(noSecrets, body)).to.equal(body);
  });

  it('is cut for the request that it answers, and for no other', () => {
    const views = new ListViews();
    const frame = (id: number) =>
      ({ type: 'send', kind: 'response', id, relatedTo: id, body: listOf('read_a', 'b') }) as const;
    views.expect({ type: 'view', requestId: 2, view: noSecrets });
    expect(views.seen(frame(1)).body).to.equal(frame(1).body);
    expect(views.seen(frame(2)).body).to.equal(listOf('read_a'));
    expect(views.seen(frame(2)).body).to.equal(frame(2).body);
    views.expect({ type: 'view', requestId: 3, view: noSecrets });
    views.forget(3);
    expect(views.seen(frame(3)).body).to.equal(frame(3).body);
  });
});

describe('A known list as its caller sees it', () => {
  const known = answerOf('{"tools":[{"name":"read_a"},{"name":"b"}]}', undefined);

  it('is cut once for all who see the same', () => {
    const first = viewedAnswer(known, noSecrets);
    expect(first?.before).to.equal('{"result":{"tools":[{"name":"read_a"}]},"jsonrpc":"2.0","id":');
    expect(viewedAnswer(known, structuredClone(noSecrets))).to.equal(first);
    expect(viewedAnswer(known, view({ tools: { allow: [], deny: [] } }))).to.not.equal(first);
    expect(viewedAnswer(known, undefined)).to.equal(known);
  });

  it('is left to a worker if it is long, or no JSON', () => {
    expect(viewedAnswer(answerOf(JSON.stringify('x'.repeat(300_000)), undefined), noSecrets)).to.equal(
      undefined,
    );
    expect(viewedAnswer(answerOf('{"tools":[}', undefined), noSecrets)).to.equal(undefined);
    const endless = { before: '{"result":{"tools":["', after: '', failure: undefined, digest: '' };
    expect(viewedAnswer(endless, noSecrets)).to.equal(undefined);
  });

  it('is forgotten after 64 others', () => {
    const first = viewedAnswer(known, noSecrets);
    for (let index = 0; index < 64; index += 1)
      viewedAnswer(known, view({ tools: { allow: [`t${index}`], deny: [] } }));
    expect(viewedAnswer(known, noSecrets)).to.not.equal(first);
  });
});
