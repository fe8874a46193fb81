import { expect } from 'chai';
import { bulkheadArguments, commandsOf, typedIn } from '../../support/shell-lines.js';

describe('what is typed in the pages', () => {
  it('is each line after a $, with its output', () => {
    expect(typedIn('$ a --b \\\n  c\nout\nput\n$ d\n')).to.deep.equal([
      { line: 'a --b    c', output: 'out\nput\n' },
      { line: 'd', output: '' },
    ]);
  });

  const lines: [string, string[][]][] = [
    ['bulkhead call u greet \'{"name": "Ada"}\'', [['bulkhead', 'call', 'u', 'greet', '{"name": "Ada"}']]],
    ['A=1 B="x y" npx -y bulkhead serve # why', [['npx', '-y', 'bulkhead', 'serve']]],
    ["echo '[]' > mix.json", [['echo', '[]']]],
    ["a | b -E '^c(d|e)' && f; g &", [['a'], ['b', '-E', '^c(d|e)'], ['f'], ['g']]],
    ['a --expect "p99<50ms" 2>&1', [['a', '--expect', 'p99<50ms']]],
    ['a http://x/#y', [['a', 'http://x/#y']]],
  ];
  for (const [line, commands] of lines) {
    it(`has the words of ${line}`, () => expect(commandsOf(line)).to.deep.equal(commands));
  }

  it('is refused where a quotation mark is not closed', () => {
    expect(() => commandsOf("a 'b")).to.throw('Not understood from');
  });

  it('may start the command with npx', () => {
    expect(bulkheadArguments(['npx', '-y', 'bulkhead', 'serve'])).to.deep.equal(['serve']);
    expect(bulkheadArguments(['bulkhead', 'call'])).to.deep.equal(['call']);
    expect(bulkheadArguments(['npm', 'ci'])).to.equal(undefined);
  });
});
