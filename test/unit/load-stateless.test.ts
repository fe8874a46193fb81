import { expect } from 'chai';
import { CallTemplate } from '../../load/client/call-template.js';
import { LoadFailure } from '../../load/client/failure-kind.js';
import { headerText } from '../../load/client/header-text.js';
import { paramHeaders, paramHeaderValues } from '../../load/client/param-headers.js';
import { SessionTokens } from '../../load/client/session-token.js';
import { requestHeaders, requestMeta } from '../../load/client/stateless-message.js';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

describe('a request of the stateless era', () => {
  it('says in `_meta` who asks, and in which revision', () => {
    expect(requestMeta({ name: 'c', version: '1' }, {})).to.deep.equal(META);
  });

  it('repeats in headers its revision, its method, and what the method is about', () => {
    expect(requestHeaders({ method: 'tools/list' })).to.deep.equal({
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
    });
    expect(requestHeaders({ method: 'tools/call', name: 'echo' })).to.include({ 'mcp-name': 'echo' });
  });

  it('is a call with its own token in its id, its progress token and its arguments', () => {
    const entry = { tool: 'echo', arguments: { text: '{{session}} {{n}}' }, weight: 1 };
    expect(JSON.parse(new CallTemplate(entry, META).body('tok', 'tok', 3))).to.deep.equal({
      jsonrpc: '2.0',
      id: 'tok',
      method: 'tools/call',
      params: {
        name: 'echo',
        arguments: { text: 'tok 3' },
        _meta: { ...META, progressToken: 'tok' },
      },
    });
  });

  it('repeats marked arguments as they are in this very call', () => {
    const marked = [{ name: 'Text', path: ['text'] }];
    const entry = { tool: 'echo', arguments: { text: '{{n}}' }, weight: 1, paramHeaders: marked };
    const template = new CallTemplate(entry, META);
    expect(requestHeaders(template.repeated(template.body('tok', 'tok', 3)))).to.include({
      'mcp-name': 'echo',
      'mcp-param-text': '3',
    });
  });
});

describe('the token of a request', () => {
  it('is found where it belongs to another request, of the same client or not', () => {
    const tokens = new SessionTokens('0123abcd');
    const own = tokens.of(1, 1);
    for (const other of [tokens.of(1, 11), tokens.of(11, 1), tokens.of(1), tokens.of(1, 2)]) {
      expect(tokens.foreign(`${own} ${other}`, own)).to.equal(other);
      expect(tokens.foreign(own, other)).to.equal(own);
    }
    expect(tokens.foreign(own, own)).to.equal(undefined);
  });
});

describe('the text of a header', () => {
  for (const text of ['echo', 'two words', '', 'SGVsbG8=', '=?base64?SGVsbG8=', '~!"']) {
    it(`is ${JSON.stringify(text)} itself`, () => expect(headerText(text)).to.equal(text));
  }

  for (const text of [' echo', 'echo ', 'zwölf', 'a\nb', 'a\tb', '\u0000', '=?base64?eA==?=', '😀']) {
    it(`is ${JSON.stringify(text)} encoded, because it would not arrive as it is`, () => {
      const inner = /^=\?base64\?(.*)\?=$/.exec(headerText(text))?.[1];
      expect(Buffer.from(inner ?? '', 'base64').toString()).to.equal(text);
    });
  }
});

describe('arguments that are marked for headers', () => {
  const schema = {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      plain: { type: 'string' },
      deep: { type: 'object', properties: { count: { type: 'integer', 'x-mcp-header': 'Count' } } },
      urgent: { type: 'boolean', 'x-mcp-header': 'Urgent' },
    },
  };

  it('are found by the chain of properties that leads to them', () => {
    expect(paramHeaders(schema)).to.deep.equal([
      { name: 'Region', path: ['region'] },
      { name: 'Count', path: ['deep', 'count'] },
      { name: 'Urgent', path: ['urgent'] },
    ]);
    for (const none of [undefined, null, true, {}, { properties: null }, { properties: { a: true } }]) {
      expect(paramHeaders(none)).to.deep.equal([]);
    }
  });

  it('have a header each, unless they are absent or null', () => {
    const values = (given: Readonly<Record<string, unknown>>) =>
      paramHeaderValues(paramHeaders(schema), given);
    expect(values({ region: 'zwölf', deep: { count: 42 }, urgent: false })).to.deep.equal({
      'mcp-param-region': '=?base64?enfDtmxm?=',
      'mcp-param-count': '42',
      'mcp-param-urgent': 'false',
    });
    expect(values({ region: null, deep: null })).to.deep.equal({});
  });

  it('are followed to a limited depth', () => {
    let nested: object = { type: 'string', 'x-mcp-header': 'Deep' };
    for (let depth = 0; depth < 100_000; depth += 1) nested = { properties: { a: nested } };
    expect(paramHeaders(nested)).to.deep.equal([]);
  });

  for (const [what, property] of [
    ['a name that is empty', { type: 'string', 'x-mcp-header': '' }],
    ['a name that no header can have', { type: 'string', 'x-mcp-header': 'two words' }],
    ['a name that is no text', { type: 'string', 'x-mcp-header': 1 }],
    ['a number', { type: 'number', 'x-mcp-header': 'X' }],
    ['an object', { type: 'object', 'x-mcp-header': 'X' }],
    ['the name of another, in other letters', { type: 'string', 'x-mcp-header': 'REGION' }],
  ] as const) {
    it(`make the tool unusable with ${what}`, () => {
      const wrong = { properties: { ...schema.properties, wrong: property } };
      expect(() => paramHeaders(wrong)).to.throw(LoadFailure, 'x-mcp-header of wrong');
    });
  }
});
