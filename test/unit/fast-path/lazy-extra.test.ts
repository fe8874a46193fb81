import { inspect } from 'node:util';
import { expect } from 'chai';
import { lazyObject } from '../../../workers/session/fast-path/lazy-extra.js';

interface Parts {
  a: number;
  readonly lazy: string;
  more?: number;
}

function parts(): { made: Parts; makes: () => number; plain: Parts } {
  let makes = 0;
  const make = (): Parts => ({
    a: 1,
    get lazy() {
      return 'asked for';
    },
  });
  const made = lazyObject(() => {
    makes += 1;
    return make();
  });
  return { made, makes: () => makes, plain: make() };
}

/** Everything that can be done with an object, as the first use. */
const USES: Readonly<Record<string, (object: Parts) => unknown>> = {
  'reads a member': ({ a }) => a,
  'reads a getter': ({ lazy }) => lazy,
  'reads what is not there': ({ more }) => more,
  'reads what every object has': (object) => object.toString === Object.prototype.toString,
  'asks for a member': (object) => ['a' in object, 'more' in object, Object.hasOwn(object, 'lazy')],
  'asks for its keys': (object) => Reflect.ownKeys(object),
  'spreads it': (object) => ({ ...object }),
  'takes the rest': ({ a: _, ...rest }) => rest,
  'sets a member': (object) => [Object.assign(object, { a: 2, more: 3 }).a, { ...object }],
  'deletes a member': (object) => [Reflect.deleteProperty(object, 'a'), Object.keys(object)],
  'asks for its prototype': (object) => Object.getPrototypeOf(object) === Object.prototype,
  'asks for a descriptor': (object) => Object.getOwnPropertyDescriptor(object, 'a'),
  'defines a member': (object) => Object.entries(Object.defineProperty(object, 'more', { value: 1 })),
  'freezes it': (object) => [Object.isFrozen(Object.freeze(object)), Object.isExtensible(object)],
  'writes it as JSON': (object) => JSON.stringify(object),
  'inherits from it': (object) => (Object.create(object) as Parts).lazy,
};

describe('An object that is made when it is used', () => {
  for (const [what, use] of Object.entries(USES)) {
    it(`is as any other to code that ${what}`, () => {
      const { made, makes, plain } = parts();
      expect(use(made)).to.deep.equal(use(plain));
      expect(makes()).to.equal(1);
      expect(use(made)).to.deep.equal(use(plain));
      expect(makes()).to.equal(1);
    });
  }

  it('shows its members to whoever prints it, before any other use and after', () => {
    const { made, makes } = parts();
    expect(inspect(made)).to.equal("{ a: 1, lazy: 'asked for' }");
    expect(inspect(made)).to.equal('{ a: 1, lazy: [Getter] }');
    expect(makes()).to.equal(1);
  });

  it('is not made when nobody uses it', () => {
    const { made, makes } = parts();
    const handed = (object: Parts): Parts[] => [object];
    expect(handed(made)).to.have.length(1);
    expect(makes()).to.equal(0);
  });

  it('keeps a member whose name is that of none of its own', () => {
    const { made } = parts();
    Object.assign(made, { make: 1 });
    expect({ ...made }).to.deep.equal({ a: 1, lazy: 'asked for', make: 1 });
  });
});
