import { expect } from 'chai';
import * as mini from 'zod/mini';
import * as current from 'zod/v4';
import * as first from 'zod-4-0';
import { fastCheck } from '../../../workers/session/fast-path/fast-arguments.js';

type Zod = Pick<
  typeof current,
  'object' | 'string' | 'number' | 'boolean' | 'enum' | 'optional' | 'looseObject' | 'strictObject'
>;

interface Schema {
  safeParse(value: unknown): { success: boolean; data?: unknown };
}

/** Simple schemas: values that zod accepts and these checks accept must have the same result as with zod. */
function simple(z: Zod): Record<string, Schema> {
  return {
    none: z.object({}),
    text: z.object({ text: z.string() }),
    all: z.object({ b: z.number(), a: z.string(), c: z.boolean(), d: z.enum(['x', 'y']) }),
    optional: z.object({
      b: z.optional(z.number()),
      a: z.optional(z.string()),
      d: z.optional(z.enum(['x'])),
    }),
    inherited: z.object({ toString: z.optional(z.string()), constructor: z.optional(z.string()) }),
    numbered: z.object({ 2: z.optional(z.string()), 1: z.optional(z.string()) }),
  };
}

/** Schemas that do more than checking types. */
function rich(z: typeof current): Record<string, unknown> {
  const text = z.string();
  return {
    minimum: z.object({ a: text.min(2) }),
    format: z.object({ a: z.email() }),
    integer: z.object({ a: z.int() }),
    checkedInteger: z.object({ a: z.number().int() }),
    coerced: z.object({ a: z.coerce.string() }),
    trimmed: z.object({ a: text.trim() }),
    transformed: z.object({ a: text.transform(Number) }),
    refined: z.object({ a: text.refine(() => false) }),
    refinedWhole: z.object({ a: text }).refine(() => false),
    loose: z.looseObject({ a: text }),
    strict: z.strictObject({ a: text }),
    catchall: z.object({ a: text }).catchall(text),
    nested: z.object({ a: z.object({ b: text }) }),
    array: z.object({ a: z.array(text) }),
    default: z.object({ a: text.default('x') }),
    nullable: z.object({ a: text.nullable() }),
    caught: z.object({ a: text.catch('x') }),
    readonly: z.object({ a: text }).readonly(),
    literal: z.object({ a: z.literal('x') }),
    union: z.union([z.object({ a: text })]),
    numbers: z.object({ a: z.enum({ One: 1, Two: 2 }) }),
    proto: z.object(JSON.parse('{"__proto__":1}') as object as { a: typeof text }),
    text,
  };
}

const VALUES = [undefined, null, 'x', '', 0, -1.5, Number.POSITIVE_INFINITY, true, ['x'], { b: 1 }];
const OBJECTS: unknown[] = [
  undefined,
  null,
  'x',
  5,
  [],
  new (class {
    text = 'x';
  })(),
  Object.create(null),
  JSON.parse('{"__proto__":{"text":"x"}}'),
];
for (const a of VALUES) {
  for (const b of VALUES)
    OBJECTS.push(
      { a, b },
      { text: a, more: b },
      { d: a, c: b },
      { 1: a, 2: b },
      { toString: a, constructor: b },
    );
  OBJECTS.push({}, { a }, { text: a }, { c: true, d: 'x', b: 1, a }, { d: a, a: 'x', c: false, b: -0 });
}
const hidden = Object.defineProperty({ text: 'x' }, 'a', { value: 5, enumerable: false });
OBJECTS.push(hidden, { text: 'x', [Symbol('a')]: 1 });

describe('Arguments that pass without zod', () => {
  const flavours = {
    'zod 4': current,
    'zod 4.0': first as unknown as Zod,
    'zod mini': mini as unknown as Zod,
  };
  for (const [flavour, z] of Object.entries(flavours)) {
    it(`are what ${flavour} would make of them, with its members in the same order`, () => {
      let passed = 0;
      for (const [name, schema] of Object.entries(simple(z))) {
        const check = fastCheck(schema);
        for (const value of OBJECTS) {
          const taken = check(value);
          if (taken === undefined) continue;
          passed += 1;
          const parsed = schema.safeParse(value);
          expect(parsed.success, `${name}: ${JSON.stringify(value)}`).to.equal(true);
          expect(taken).to.deep.equal(parsed.data);
          expect(Object.keys(taken)).to.deep.equal(Object.keys(parsed.data as object));
        }
      }
      expect(passed).to.be.above(500);
    });
  }

  it('are all plain ones that zod takes', () => {
    const { all, optional } = simple(current);
    expect(fastCheck(all)({ a: 'x', b: 1, c: false, d: 'y', e: 1 })).to.deep.equal({
      b: 1,
      a: 'x',
      c: false,
      d: 'y',
    });
    expect(fastCheck(optional)({})).to.deep.equal({});
    expect(fastCheck(optional)({ a: 'x' })).to.deep.equal({ a: 'x' });
  });

  for (const [name, schema] of Object.entries(rich(current))) {
    it(`are none where the schema says more than types: ${name}`, () => {
      const check = fastCheck(schema);
      for (const value of [...OBJECTS, { a: 'xyz' }, { a: 'a@example.org' }, { a: 7 }]) {
        expect(check(value)).to.equal(undefined);
      }
    });
  }

  it('are none where the schema is of no zod 4', () => {
    for (const schema of [undefined, null, {}, { _zod: {} }, { _zod: { def: { type: 'object' } } }, 'text'])
      expect(fastCheck(schema)({ a: 'x' }) ?? {}).to.deep.equal({});
  });
});
