import { expect } from 'chai';
import { fromApi } from '../../../../src/config/options.js';
import { sentenceOf } from '../../../support/option-folder.js';

const sentence = (rules: unknown, more: object = {}): string =>
  sentenceOf(() => fromApi({ rules, ...more } as never));

describe('The option rules', () => {
  it('accepts one value or a list of values in each part', () => {
    const { rules } = fromApi({
      rules: [
        { principal: 'ada', claim: { groups: ['a', 'b'], level: 3 }, tools: ['read_*'], effect: 'allow' },
        { tools: 'delete_*', scopes: 'notes:write' },
      ],
    });
    expect(rules?.[0]).to.include({ index: 0, effect: 'allow', servers: undefined });
    expect(rules?.[0]?.claim).to.deep.equal([
      ['groups', ['a', 'b']],
      ['level', [3]],
    ]);
    expect(rules?.[1]).to.deep.include({ index: 1, effect: 'require', scopes: ['notes:write'] });
  });

  for (const [what, rules, said] of [
    [
      'no list',
      { effect: 'deny' },
      'rules: rules is {"effect":"deny"}, but must be a list of at most 1000 rules.',
    ],
    ['no object', ['deny'], 'rules: rules[0] is "deny", but must be an object such as'],
    [
      'a key that is written wrong',
      [{ effect: 'deny' }, { effect: 'deny', tols: 'x' }],
      'rules: rules[1].tols is not a key of a rule (did you mean "tools"?).',
    ],
    [
      'an effect that is written wrong',
      [{ effect: 'alow' }],
      'rules: rules[0].effect is "alow", but must be "allow" or "deny" (did you mean "allow"?).',
    ],
    ['neither effect nor scopes', [{ tools: 'x' }], 'rules: rules[0] has neither effect nor scopes'],
    [
      'both effect and scopes',
      [{ effect: 'allow', scopes: 'a' }],
      'rules: rules[0] has both effect and scopes',
    ],
    [
      'an empty list',
      [{ effect: 'deny', tools: [] }],
      'rules: rules[0].tools is [], but must be one or a list',
    ],
    ['a very long glob', [{ effect: 'deny', tools: '*'.repeat(201) }], 'rules: rules[0].tools has "***'],
    [
      'a value of another type',
      [{ effect: 'deny', servers: 7 }],
      'rules: rules[0].servers has 7, but must be',
    ],
    [
      'a scope with a space',
      [{ tools: 'x', scopes: 'a b' }],
      'rules: rules[0].scopes has "a b", but must be',
    ],
    ['no claims', [{ effect: 'deny', claim: {} }], 'rules: rules[0].claim is {}, but must be an object'],
    [
      'a claim that is an object',
      [{ effect: 'deny', claim: { a: {} } }],
      'rules: rules[0].claim.a is {}, but must be a text, a number, true or false, or a list of those.',
    ],
  ] as const) {
    it(`refuses ${what} in one sentence that names the rule and the field`, () => {
      const refused = sentence(rules);
      expect(refused).to.include(said);
      expect(refused.split('\n')).to.have.length(1);
    });
  }

  it('refuses the name of a server that does not exist', () => {
    expect(
      sentence([{ effect: 'deny', servers: ['n*', 'notse'] }], {
        servers: { notes: { command: 'node' } },
      }),
    ).to.equal('rules: rules[0].servers has "notse", but there is no such server (did you mean "notes"?).');
  });

  it('has a hierarchy of scopes beside it, whose mistakes are named too', () => {
    expect(sentenceOf(() => fromApi({ scopeIncludes: { admin: ['a b'] } }))).to.match(
      /^scopeIncludes: scope-includes\.admin is \["a b"\], but must be /,
    );
    expect([...(fromApi({ scopeIncludes: { admin: 'read' } }).scopeIncludes ?? [])]).to.deep.equal([
      ['admin', ['read']],
    ]);
  });
});
