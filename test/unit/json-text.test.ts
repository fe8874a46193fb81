import { expect } from 'chai';
import { JsonTextError, parseJson } from '../../src/shared/json-text.js';
import { nearest } from '../../src/shared/nearest.js';

describe('JSON that a person wrote', () => {
  it('is read as JSON.parse reads it', () => {
    for (const text of ['{}', ' [1, -2.5e3, "a\\u00e9\\n", true, null, {"b": [[]]}] ', '"x"', '0']) {
      expect(parseJson(text)).to.deep.equal(JSON.parse(text));
    }
  });

  const wrong: [text: string, message: string][] = [
    ['', 'the text ends too early at line 1, column 1'],
    ['{', 'the text ends too early at line 1, column 2'],
    ['{"a": 1', 'the text ends too early at line 1, column 8'],
    ['{"a": 1,', 'the text ends too early at line 1, column 9'],
    ['{"a": "open', 'the text ends too early at line 1, column 12'],
    ['{"open', 'the text ends too early at line 1, column 7'],
    ['{a: 1}', 'unexpected "a" at line 1, column 2'],
    ["{'a': 1}", 'unexpected "\'" at line 1, column 2'],
    ['{"a" 1}', 'unexpected "1" at line 1, column 6'],
    ['{"a": 1 "b": 2}', 'unexpected "\\"" at line 1, column 9'],
    ['{"a": 1,}', 'unexpected "}" at line 1, column 9'],
    ['{\n  "a": [1, 2,]\n}', 'unexpected "]" at line 2, column 14'],
    ['{"a": [1, 2}', 'unexpected "}" at line 1, column 12'],
    ['{"a": 01}', 'unexpected "1" at line 1, column 8'],
    ['{"a": nul}', 'unexpected "n" at line 1, column 7'],
    ['{} {}', 'unexpected "{" at line 1, column 4'],
    ['{"a": 1} // note', 'unexpected "/" at line 1, column 10'],
    ['["a\nb"]', 'unexpected "\\n" at line 1, column 4'],
    ['["\\x"]', 'unexpected "\\\\" at line 1, column 3'],
    ['[\u{1f600}]', 'unexpected "\u{1f600}" at line 1, column 2'],
  ];
  for (const [text, message] of wrong) {
    it(`${JSON.stringify(text)}: ${message}`, () => {
      expect(() => parseJson(text))
        .to.throw(JsonTextError)
        .with.property('message', message);
    });
  }
});

describe('the nearest word', () => {
  const known = ['port', 'host', 'session-idle', 'sse-after'];
  const cases: [string, string | undefined][] = [
    ['prot', 'port'],
    ['PORT', 'port'],
    ['session-idel', 'session-idle'],
    ['sesion-idle', 'session-idle'],
    ['completely-different', undefined],
    ['x', undefined],
    ['', undefined],
  ];
  for (const [word, expected] of cases) {
    it(`to ${JSON.stringify(word)} is ${expected}`, () => expect(nearest(word, known)).to.equal(expected));
  }
});
