import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { stackOf } from '../../../workers/session/error-stack.js';
import { plainFields } from '../../../workers/session/plain-fields.js';

/** What crosses a port, and can be written as JSON. */
function copied(fields: Record<string, unknown>): Record<string, unknown> {
  const copy = plainFields(fields);
  expect(structuredClone(copy)).to.deep.equal(copy);
  expect(JSON.stringify(copy).length).to.be.below(20_000);
  return copy;
}

describe('the fields of a log line', () => {
  it('keep of an error its name, message, stack, own members and causes', () => {
    const cause = Object.assign(new TypeError('beneath'), { code: 'E_BENEATH' });
    const { err } = copied({ err: new Error('on top', { cause }) }) as { err: Record<string, unknown> };
    expect(err).to.include({ name: 'Error', message: 'on top' });
    expect(err.stack).to.match(/^Error: on top\n\s+at .*plain-fields\.test/);
    expect(err.cause).to.include({ name: 'TypeError', message: 'beneath', code: 'E_BENEATH' });
  });

  it('keep what an AggregateError holds, and errors of another realm', () => {
    const many = new AggregateError([new RangeError('one'), runInNewContext("new Error('two')")], 'many');
    const { err } = copied({ err: many }) as { err: { errors: { name: string; message: string }[] } };
    expect(err.errors.map(({ name, message }) => `${name} ${message}`)).to.deep.equal([
      'RangeError one',
      'Error two',
    ]);
  });

  it('end at a circle, of errors or of anything else, and keep what only comes twice', () => {
    const error = new Error('round');
    error.cause = error;
    const list: unknown[] = [];
    list.push(list);
    const twice = { a: 1 };
    const copy = copied({ error, list, first: twice, second: twice });
    expect((copy.error as { cause: unknown }).cause).to.equal('[circular]');
    expect(copy.list).to.deep.equal(['[circular]']);
    expect(copy.second).to.deep.equal({ a: 1 });
  });

  it('have a bounded size, however deep, wide or long they are', () => {
    let deep: unknown = 'end';
    for (let level = 0; level < 100_000; level += 1) deep = { deep };
    copied({ deep });
    copied({ wide: Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, index])) });
    copied({ long: 'x'.repeat(1e6), after: 'y' });
    copied({ list: Array.from({ length: 100_000 }, () => 'x'.repeat(100)) });
    let error = new Error('last');
    for (let level = 0; level < 1000; level += 1) error = new Error('x'.repeat(1000), { cause: error });
    copied({ error });
  });

  it('take whatever a module gives, as JSON would where it can', () => {
    const copy = copied({
      date: new Date(0),
      big: 1n,
      none: undefined,
      call: () => 1,
      bytes: new Uint8Array(9),
      set: new Set([1]),
      map: new Map([['k', 'v']]),
      infinite: Number.POSITIVE_INFINITY,
      list: [undefined, 1],
      bad: {
        get thrown(): never {
          throw new Error('no');
        },
      },
      ['__proto__']: 'own',
    });
    expect(copy).to.deep.include({
      date: '1970-01-01T00:00:00.000Z',
      big: '1',
      bytes: '[9 bytes]',
      set: [1],
      map: { k: 'v' },
      infinite: 'Infinity',
      list: [null, 1],
      bad: { thrown: '[no]' },
    });
    expect(copy).to.not.have.any.keys('none', 'call');
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trap');
        },
      },
    );
    expect(plainFields(hostile)).to.deep.equal({ unserializable: 'trap' });
  });
});

describe('the stack of what was thrown', () => {
  it('has those of its causes, and ends at a circle', () => {
    const error = new Error('on top', { cause: new TypeError('beneath') });
    expect(stackOf(error)).to.match(/^Error: on top\n[\s\S]*\n {2}caused by TypeError: beneath\n/);
    error.cause = error;
    expect(stackOf(error)?.match(/caused by/g)).to.have.length(4);
    expect(stackOf(new Error('x'.repeat(1e6)))?.length).to.be.below(10_000);
  });

  it('is nothing for what has none', () => {
    for (const thrown of ['text', undefined, null, {}, 1]) expect(stackOf(thrown)).to.equal(undefined);
  });
});
