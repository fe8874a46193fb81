import { expect } from 'chai';
import fc from 'fast-check';
import { aroundId, withId } from '../../workers/exchanged-id.js';

/** The message of that text with the id 7. */
function exchanged(text: string): string {
  return withId(text, 7);
}

describe('a message that gets another id', () => {
  it('stays as it was written, wherever a serializer writes the id', () => {
    const texts = [
      ['{"jsonrpc":"2.0","id":0,"method":"ping"}', '{"jsonrpc":"2.0","id":7,"method":"ping"}'],
      ['{"id":"a-1","method":"ping"}', '{"id":7,"method":"ping"}'],
      ['{"method":"ping","jsonrpc":"2.0","id":0}', '{"method":"ping","jsonrpc":"2.0","id":7}'],
      ['{"result":{},"id":0,"jsonrpc":"2.0"}', '{"result":{},"id":7,"jsonrpc":"2.0"}'],
      [
        '{"jsonrpc": "2.0", "id": -3, "result": {"n": 9007199254740993, "x": 1.0}}',
        '{"jsonrpc": "2.0", "id": 7, "result": {"n": 9007199254740993, "x": 1.0}}',
      ],
      [' {"id":0,"result":{}} ', ' {"id":7,"result":{}} '],
    ];
    for (const [text = '', expected] of texts) expect(exchanged(text), text).to.equal(expected);
  });

  it('keeps what is called id elsewhere in it', () => {
    const inner = '"params":{"id":1,"more":[{"id":2}]}';
    expect(exchanged(`{"jsonrpc":"2.0","id":0,${inner}}`)).to.equal(`{"jsonrpc":"2.0","id":7,${inner}}`);
    expect(exchanged('{"id":0,"params":{"id":5}}')).to.equal('{"id":7,"params":{"id":5}}');
    expect(exchanged('{"id":0,"result":"\\"id\\":5}"}')).to.equal('{"id":7,"result":"\\"id\\":5}"}');
  });

  it('has it wherever the old one was: in the middle, written in another way, or there twice', () => {
    const messages = [
      '{"method": "ping", "id": 0, "params": {"a": 1}}',
      '{ "id" : 0 , "method" : "ping" }',
      '{"\\u0069d":0,"method":"ping"}',
      '{"id":"a\\"b","method":"ping"}',
      '{"id":0,"method":"ping","id":1,"params":{}}',
      `{"id":"${'x'.repeat(1_000)}","method":"ping"}`,
    ];
    for (const text of messages) {
      expect(JSON.parse(exchanged(text)), text).to.deep.equal({ ...JSON.parse(text), id: 7 });
    }
  });

  it('stays as it is but for the id, whatever it says', () => {
    const members = fc.dictionary(
      fc.string().filter((key) => key !== 'id'),
      fc.jsonValue(),
    );
    const id = fc.oneof(fc.string(), fc.maxSafeInteger());
    fc.assert(
      fc.property(members, members, id, fc.nat(3), (first, last, from, indentation) => {
        const text = (own: unknown) => JSON.stringify({ ...first, id: own, ...last }, undefined, indentation);
        expect(exchanged(text(from))).to.equal(text(7));
      }),
    );
  });

  it('has one', () => {
    expect(() => aroundId('{"result":{"id":1}}')).to.throw('has no id');
    expect(() => aroundId('{}')).to.throw('has no id');
  });
});
