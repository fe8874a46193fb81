import { expect } from 'chai';
import { withNamedArguments } from '../../../src/cli/arguments/named-arguments.js';
import { SchemaView } from '../../../src/cli/arguments/schema-view.js';
import { sentenceOf } from '../../support/option-folder.js';

const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    count: { type: 'integer' },
    share: { type: 'number' },
    loud: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string' } },
    sizes: { type: 'array', items: { type: 'integer' } },
    colour: { enum: ['red', 'green', 3] },
    parent: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
    user: { $ref: '#/$defs/user' },
    'a.b': { type: 'string' },
    anything: {},
    options: { type: 'object', additionalProperties: true },
  },
  required: ['name'],
  $defs: {
    user: { type: 'object', properties: { age: { type: 'integer' }, friend: { $ref: '#/$defs/user' } } },
  },
};

const args = (...written: string[]): unknown =>
  JSON.parse(JSON.stringify(withNamedArguments({}, written, { name: 'tool', inputSchema: SCHEMA })));

describe('--arg', () => {
  const cases: [written: string[], expected: unknown][] = [
    [['name=5'], { name: '5' }],
    [['name='], { name: '' }],
    [['name=a=b'], { name: 'a=b' }],
    [['count=-5', 'share=1.5e3', 'loud=false'], { count: -5, share: 1500, loud: false }],
    [['tags=a'], { tags: ['a'] }],
    [['tags=a', 'tags=b,c'], { tags: ['a', 'b,c'] }],
    [['tags=["a", "b"]'], { tags: ['a', 'b'] }],
    [['sizes=1', 'sizes=2'], { sizes: [1, 2] }],
    [['colour=red'], { colour: 'red' }],
    [['colour=3'], { colour: 3 }],
    [['colour=blue'], { colour: 'blue' }],
    [['parent=null'], { parent: null }],
    [['parent=3'], { parent: 3 }],
    [['user.age=3'], { user: { age: 3 } }],
    [['user.age=3', 'user.friend.age=4'], { user: { age: 3, friend: { age: 4 } } }],
    [['user={"age": 3}'], { user: { age: 3 } }],
    [['a.b=dotted'], { 'a.b': 'dotted' }],
    [['anything=true'], { anything: true }],
    [['anything=some text'], { anything: 'some text' }],
    [['options.depth=2', 'options.mode=fast'], { options: { depth: 2, mode: 'fast' } }],
  ];
  for (const [written, expected] of cases) {
    it(`${written.join(' ')} is ${JSON.stringify(expected)}`, () => {
      expect(args(...written)).to.deep.equal(expected);
    });
  }

  it('is added to the JSON object, at any depth', () => {
    const tool = { name: 'tool', inputSchema: SCHEMA };
    const built = withNamedArguments({ name: 'Ada', user: { age: 3 } }, ['user.friend.age=4'], tool);
    expect(JSON.stringify(built)).to.equal('{"name":"Ada","user":{"age":3,"friend":{"age":4}}}');
  });

  const wrong: [written: string[], sentence: string][] = [
    [['name'], '--arg is "name", but must be <key>=<value>.'],
    [['=x'], '--arg is "=x", but must be <key>=<value>.'],
    [
      ['nme=x'],
      'tool has no argument "nme" (did you mean "name"?): it has name (string), count (integer, opt',
    ],
    [['name.first=x'], 'tool has no argument "name.first"'],
    [['user.agee=3'], 'tool has no argument "user.agee"'],
    [['user.=3'], 'tool has no argument "user."'],
    [['count=many'], '--arg count is "many", but must be an integer.'],
    [['count=1.5'], '--arg count is "1.5", but must be an integer.'],
    [['loud=yes'], '--arg loud is "yes", but must be a boolean.'],
    [['user=Ada'], '--arg user is "Ada", but must be an object, written as JSON.'],
    [['name=a', 'name=b'], '--arg name is given 2 times, but takes one value, not an array (string).'],
    [['user.age=3', 'user={}'], 'The argument "user" is given twice: keep one of them.'],
  ];
  for (const [written, sentence] of wrong) {
    it(`${written.join(' ')} is refused`, () => {
      expect(sentenceOf(() => args(...written))).to.include(sentence);
    });
  }

  it('is refused where the JSON object has it too', () => {
    const tool = { name: 'tool', inputSchema: SCHEMA };
    expect(sentenceOf(() => withNamedArguments({ name: 'Ada' }, ['name=Eve'], tool))).to.equal(
      'The argument "name" is given twice: keep one of them.',
    );
  });

  it('makes an own property of any name, and no prototype', () => {
    const tool = { name: 'tool', inputSchema: { additionalProperties: true } };
    const built = withNamedArguments({}, ['__proto__.polluted=true', 'constructor=1'], tool);
    expect(JSON.stringify(built)).to.equal('{"__proto__":{"polluted":true},"constructor":1}');
    expect({}).not.to.have.property('polluted');
  });

  it('says that a tool without arguments has none', () => {
    expect(sentenceOf(() => withNamedArguments({}, ['a=1'], { name: 'ping' }))).to.equal(
      'ping has no argument "a": it has none.',
    );
  });
});

describe('The view of a schema', () => {
  it('ends, whatever contains itself', () => {
    const itself = { anyOf: [{ $ref: '#' }, { $ref: '#' }, { properties: { a: { $ref: '#' } } }] };
    expect([...new SchemaView(itself).properties.keys()]).to.deep.equal(['a']);
    expect(new SchemaView({ $ref: '#' }).typeText).to.equal('any value');
    expect([...new SchemaView({ $ref: '#/nowhere/__proto__' }).types]).to.deep.equal([]);
  });

  it('says types in words', () => {
    const text = (schema: object): string => new SchemaView(schema).typeText;
    expect(text({ type: 'array', items: { type: 'integer' } })).to.equal('array of integer');
    expect(text({ type: ['string', 'null'] })).to.equal('string or null');
    expect(text({ enum: ['a', 1] })).to.equal('"a" or 1');
    expect(text({ const: true })).to.equal('true');
  });
});
