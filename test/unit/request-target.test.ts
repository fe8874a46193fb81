import { expect } from 'chai';
import { hasSecondHost, readTarget } from '../../src/transports/http/request-target.js';

describe('A request target', () => {
  const cases: [url: string, path: string, query: string, host: string | undefined][] = [
    ['/mcp', '/mcp', '', undefined],
    ['/mcp/', '/mcp', '', undefined],
    ['/messages/?sessionId=a/', '/messages', 'sessionId=a/', undefined],
    ['/', '/', '', undefined],
    ['//', '/', '', undefined],
    ['*', '*', '', undefined],
    ['', '', '', undefined],
    ['http://localhost:3000/mcp', '/mcp', '', 'localhost:3000'],
    ['HTTPS://gateway.example/mcp/?x=1', '/mcp', 'x=1', 'gateway.example'],
    ['http://[::1]:3000', '/', '', '[::1]:3000'],
    ['http://gateway.example?x', '', 'x', 'gateway.example'],
    ['http://gateway.example\\mcp', '\\mcp', '', 'gateway.example'],
    ['http://user@localhost/mcp', '/mcp', '', 'user@localhost'],
    ['http:///mcp', '/mcp', '', ''],
    ['ftp://localhost/mcp', 'ftp://localhost/mcp', '', undefined],
  ];
  for (const [url, path, query, host] of cases) {
    it(`${JSON.stringify(url)} means ${path}${host === undefined ? '' : ` of ${host}`}`, () => {
      expect(readTarget(url)).to.deep.include({ path, query, host });
    });
  }

  it('remembers the slash at its end, from which a relative address starts', () => {
    expect(readTarget('/sse/').slash).to.equal(true);
    expect(readTarget('/sse').slash).to.equal(false);
  });
});

describe('Host lines', () => {
  it('are counted by name, whatever its case', () => {
    expect(hasSecondHost(['Host', 'a', 'Accept', 'host'])).to.equal(false);
    expect(hasSecondHost(['Host', 'a', 'hOST', 'a'])).to.equal(true);
  });
});
