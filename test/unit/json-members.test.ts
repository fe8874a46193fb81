import { expect } from 'chai';
import fc from 'fast-check';
import { elementTexts, membersOf, memberTexts, objectText } from '../../src/shared/json-members.js';

describe('the members of a JSON text', () => {
  it('are the parts of the text, as they were written', () => {
    const text = '{ "a" : 1.0 , "b":{"c":"}\\""},"\\u0064":[ 9007199254740993 ],"e":null}';
    expect([...memberTexts(text)]).to.deep.equal([
      ['a', '1.0'],
      ['b', '{"c":"}\\""}'],
      ['d', '[ 9007199254740993 ]'],
      ['e', 'null'],
    ]);
    expect([...membersOf(text)].map(({ start, end }) => text.slice(start, end))).to.deep.equal([
      ...memberTexts(text).values(),
    ]);
  });

  it('are none of an empty object', () => {
    expect([...membersOf(' { } ')]).to.deep.equal([]);
    expect(objectText([])).to.equal('{}');
  });

  it('are the last ones where a name is there twice', () => {
    expect([...memberTexts('{"a":1,"b":2,"a":3}')]).to.deep.equal([
      ['b', '2'],
      ['a', '3'],
    ]);
  });

  it('make the same object again, whatever is in it and however it is indented', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (object, indentation) => {
        const text = JSON.stringify(object, undefined, indentation);
        const again: unknown = JSON.parse(objectText(memberTexts(text)));
        expect(JSON.stringify(again)).to.equal(JSON.stringify(JSON.parse(text)));
      }),
    );
  });
});

describe('The elements of an array as texts', () => {
  for (const [text, elements] of [
    ['[]', []],
    [' [ ] ', []],
    ['[1]', ['1']],
    ['[ 1 , {"a":[2,"]"]} ,"x,]", null,[ ] ]', ['1', '{"a":[2,"]"]}', '"x,]"', 'null', '[ ]']],
    ['[9007199254740993,1.0]', ['9007199254740993', '1.0']],
  ] as const)
    it(`are those of ${text}`, () => expect([...elementTexts(text)]).to.deep.equal(elements));

  it('end where the text is no array', () => {
    for (const text of ['', '{', '[,]', '[}', '[1', '["a'])
      expect([...elementTexts(text)], text).to.be.an('array');
  });
});
