import { expect } from 'chai';
import type { ToolRuleLists } from '../../src/shared/tool-rules.js';
import { ToolView } from '../../workers/tool-rules.js';

const view = (rules: Partial<ToolRuleLists>): ToolView =>
  new ToolView({ allow: undefined, deny: [], rename: [], describe: [], ...rules });
const call = (name: unknown, more: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: { path: 'a' }, ...more },
});
const listed = (tools: ToolView, ...names: readonly unknown[]): unknown =>
  tools.result('tools/list', { tools: names.map((name) => ({ name, description: 'Its own.' })) });
const namesOf = (result: unknown): readonly unknown[] =>
  (result as { readonly tools: readonly { readonly name: unknown }[] }).tools.map(({ name }) => name);
/** The name with which the server is called, or the error. */
const called = (tools: ToolView, name: unknown): unknown => {
  const { error, ...rest } = tools.request(call(name));
  return error ?? (rest as { readonly message: ReturnType<typeof call> }).message.params.name;
};

describe('Rules for tools', () => {
  describe('globs', () => {
    for (const [glob, matching, others] of [
      ['read', ['read'], ['read_file', 'Read', 'rea', '']],
      ['read_*', ['read_', 'read_file'], ['read', 'a_read_file']],
      ['*_file', ['_file', 'read_file', 'a_file_file'], ['file', 'read_file_']],
      ['a*b*c', ['abc', 'axbxc', 'abcbc'], ['acb', 'ab', 'abcd']],
      ['*', ['', 'anything'], []],
      ['a?c', ['abc', 'a.c'], ['ac', 'abbc']],
      ['*?', ['a', 'ab'], ['']],
      ['a.c', ['a.c'], ['abc']],
      ['[ab]+', ['[ab]+'], ['a', 'aa']],
    ] as const) {
      it(`${glob} matches whole names`, () => {
        const tools = view({ allow: [glob] });
        for (const name of matching) expect(tools.isAllowed(name), name).to.equal(true);
        for (const name of others) expect(tools.isAllowed(name), name).to.equal(false);
      });
    }

    it('take no longer than the product of both lengths, however they are written', () => {
      const stars = `${'a*'.repeat(200)}b`;
      expect(view({ allow: [stars] }).isAllowed('a'.repeat(1024))).to.equal(false);
    });

    it('match no name of more than 1,024 characters, which no tool has', () => {
      expect(view({}).isAllowed('a'.repeat(1024))).to.equal(true);
      expect(view({}).isAllowed('a'.repeat(1025))).to.equal(false);
    });
  });

  describe('a tool that is not allowed', () => {
    const tools = view({ allow: ['read_*', 'list'], deny: ['read_secret*'] });

    it('is not listed, whether deny or the absence from allow says so', () => {
      const result = listed(tools, 'read_file', 'read_secrets', 'write_file', 'list', 7);
      expect(namesOf(result)).to.deep.equal(['read_file', 'list']);
    });

    it('cannot be called, as if it did not exist', () => {
      expect(called(tools, 'read_file')).to.equal('read_file');
      for (const name of ['read_secret', 'write_file', 'nothing'])
        expect(called(tools, name)).to.deep.equal({
          code: -32602,
          message: `MCP error -32602: Tool ${name} not found`,
        });
    });

    it('cannot be called by a name that is no string, which a server may convert', () => {
      for (const name of [['write_file'], { 0: 'write_file' }, 7, null, undefined])
        expect(called(tools, name)).to.include({ code: -32602 });
      expect(tools.request({ jsonrpc: '2.0', id: 1, method: 'tools/call' }).error).to.include({
        code: -32602,
      });
      expect(
        tools.request({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: ['write_file'] }).error,
      ).to.include({ code: -32602 });
    });

    it('cannot be called by keys that some parsers take for others', () => {
      for (const message of [
        call('read_file', { Name: 'write_file' }),
        { ...call('read_file'), Params: { name: 'write_file' } },
        { ...call('read_file'), 'param\u017f': { name: 'write_file' } },
        { ...call('write_file'), method: 'ping', METHOD: 'tools/call' },
      ])
        expect(tools.request(message).error, JSON.stringify(message)).to.include({ code: -32600 });
    });

    it('is named in the error with 128 characters at most', () => {
      const { message } = called(tools, 'w'.repeat(5000)) as { readonly message: string };
      expect(message.length).to.be.below(200);
    });
  });

  describe('a renamed tool', () => {
    const tools = view({ rename: [['read_text_file', 'read']] });

    it('is listed and called by its new name', () => {
      expect(namesOf(listed(tools, 'read_text_file', 'write'))).to.deep.equal(['read', 'write']);
      expect(tools.request(call('read')).error).to.equal(undefined);
      expect(tools.request(call('read'))).to.deep.equal({ message: call('read_text_file') });
    });

    it('does not exist by its own name', () => {
      expect(called(tools, 'read_text_file')).to.include({ code: -32602 });
    });

    it('takes the place of a tool that had its new name', () => {
      const listing = listed(tools, 'read', 'read_text_file') as { readonly tools: readonly unknown[] };
      expect(namesOf(listing)).to.deep.equal(['read']);
      expect(called(tools, 'read')).to.equal('read_text_file');
    });

    it('may exchange its name with another', () => {
      const exchanged = view({
        rename: [
          ['a', 'b'],
          ['b', 'a'],
        ],
      });
      expect(namesOf(listed(exchanged, 'a', 'b'))).to.deep.equal(['b', 'a']);
      expect([called(exchanged, 'a'), called(exchanged, 'b')]).to.deep.equal(['b', 'a']);
    });

    it('is allowed and denied by its own name, and takes no name while it is denied', () => {
      const denied = view({ deny: ['read_text_file'], rename: [['read_text_file', 'read']] });
      expect(namesOf(listed(denied, 'read_text_file', 'read'))).to.deep.equal(['read']);
      expect(called(denied, 'read')).to.equal('read');
      expect(called(denied, 'read_text_file')).to.include({ code: -32602 });
    });
  });

  it('describe a tool by its own name, and change nothing else of it', () => {
    const tools = view({ rename: [['a', 'b']], describe: [['a', 'Anew.']] });
    const result = {
      tools: [{ name: 'a', description: 'Old.', inputSchema: {} }, { name: 'c' }],
      nextCursor: 'x',
    };
    expect(tools.result('tools/list', result)).to.deep.equal({
      tools: [{ name: 'b', description: 'Anew.', inputSchema: {} }, { name: 'c' }],
      nextCursor: 'x',
    });
  });

  it('leave all other messages and results as they are', () => {
    const tools = view({ allow: [], rename: [['a', 'b']] });
    const message = { jsonrpc: '2.0', id: 1, method: 'prompts/get', params: { name: 'a' } };
    expect(tools.request(message)).to.deep.equal({ message });
    for (const result of [{ tools: 'none' }, null, { prompts: [] }])
      expect(tools.result('tools/list', result)).to.equal(result);
    const prompts = { tools: [{ name: 'a' }] };
    expect(tools.result('prompts/list', prompts)).to.equal(prompts);
  });
});
