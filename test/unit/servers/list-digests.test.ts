import { expect } from 'chai';
import { differentKinds, listDigest } from '../../../src/servers/list-digests.js';

describe('the lists of two versions', () => {
  const lists = (tools: object, more: readonly (readonly [string, string | undefined])[] = []) =>
    new Map([['tools/list', listDigest(tools)] as const, ...more]);

  it('are the same whatever the order of keys', () => {
    const one = lists({ tools: [{ name: 'a', description: 'b' }] });
    const other = lists({ tools: [{ description: 'b', name: 'a' }] });
    expect(differentKinds(one, other)).to.deep.equal([]);
  });

  it('differ if an answer does, or if only one of them has the list', () => {
    const one = lists({ tools: [] }, [['prompts/list', 'same']]);
    expect(differentKinds(one, lists({ tools: [1] }, [['prompts/list', 'same']]))).to.deep.equal(['tools']);
    expect(differentKinds(one, lists({ tools: [] }))).to.deep.equal(['prompts']);
    expect(differentKinds(lists({ tools: [] }), one)).to.deep.equal(['prompts']);
  });

  it('may differ where one is not known', () => {
    const late = [['resources/list', undefined]] as const;
    expect(differentKinds(lists({}, late), lists({}, late))).to.deep.equal(['resources']);
    expect(differentKinds(undefined, lists({}))).to.deep.equal(['tools', 'prompts', 'resources']);
  });
});
