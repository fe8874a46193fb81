import { expect } from 'chai';
import { parseJsonc, repeatedKeys } from '../../../src/config/jsonc.js';
import { JsonTextError } from '../../../src/shared/json-text.js';

describe('JSON with comments', () => {
  const right: [text: string, value: unknown][] = [
    ['{"a": 1} // end', { a: 1 }],
    ['/* start */ {"a": /* one */ 1}', { a: 1 }],
    ['[1, 2,]', [1, 2]],
    ['{"a": [1,], }', { a: [1] }],
    ['{"a": 1, // last\n /* more */ }', { a: 1 }],
    ['{"a": "// no comment", "b": "/* nor */", "c": ",}"}', { a: '// no comment', b: '/* nor */', c: ',}' }],
    ['{"a\\"//": "\\\\"}', { 'a"//': '\\' }],
    ['{"a": "b" /**/, "c": 1}', { a: 'b', c: 1 }],
  ];
  for (const [text, value] of right) {
    it(`${JSON.stringify(text)} is ${JSON.stringify(value)}`, () =>
      expect(parseJsonc(text)).to.deep.equal(value));
  }

  const wrong: [text: string, message: string][] = [
    ['{,}', 'unexpected "," at line 1, column 2'],
    ['[1, [,]]', 'unexpected "," at line 1, column 6'],
    ['{"a": 1,,}', 'unexpected "," at line 1, column 9'],
    ['{\n  // b\n  "a": x\n}', 'unexpected "x" at line 3, column 8'],
    ['{ /* open', 'unexpected "/" at line 1, column 3'],
    ['{"a": "open', 'unexpected "\\"" at line 1, column 7'],
    ['{"a": / 1}', 'unexpected "/" at line 1, column 7'],
    ['', 'the text ends too early at line 1, column 1'],
  ];
  for (const [text, message] of wrong) {
    it(`${JSON.stringify(text)} is refused: ${message}`, () =>
      expect(() => parseJsonc(text)).to.throw(JsonTextError, message));
  }
});

describe('Repeated keys', () => {
  const repeated = (text: string): string[] => [...repeatedKeys(text, 'servers')];

  it('are found in the object of the name, however they are written', () => {
    expect(
      repeated('{"servers": {"a": 1, "b": 2, "\\u0061": 3, "b" /* again */ : 4, "c": 5}}'),
    ).to.deep.equal(['a', 'b']);
  });

  it('are not looked for elsewhere', () => {
    const text =
      '{"other": {"a": 1, "a": 2}, "servers": {"a": {"x": 1, "x": [{"a": 3}]}, "b": "a", "c": ["a"]}}';
    expect(repeated(text)).to.deep.equal([]);
  });
});
