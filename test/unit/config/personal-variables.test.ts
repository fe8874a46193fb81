// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested.
/** `${principal.…}` and `${secret:NAME}` in the entries of servers. */
import { expect } from 'chai';
import { sharedServerFolder } from '../../support/server-folder.js';

const SECRETS = { secrets: './data' };

describe('References to the principal in the entry of a server', () => {
  const { catalogueOf } = sharedServerFolder();
  const reasonOf = (entry: object, options: object = SECRETS): string =>
    catalogueOf({ fs: entry }, options).broken[0]?.reason ?? 'it is served';
  const personalOf = (env: object, options: object = SECRETS) => {
    const { servers, broken, warnings } = catalogueOf({ fs: { command: 'x', env } }, options);
    expect(broken).to.deep.equal([]);
    return { personal: servers[0]?.personal, env: servers[0]?.env, warnings };
  };

  it('are taken out of the environment that all have', () => {
    expect(
      personalOf({ A: '${principal.sub}', B: 'b', C: 'x${secret:KEY}y${principal.issuer}' }),
    ).to.deep.equal({
      personal: {
        A: [{ principal: 'subject' }],
        C: [{ text: 'x' }, { secret: 'KEY' }, { text: 'y' }, { principal: 'issuer' }],
      },
      env: { B: 'b' },
      warnings: [],
    });
  });

  it('stand beside variables of the gateway, whose values are never read as references', () => {
    process.env.LOOKS_LIKE_ONE = '${secret:KEY}';
    try {
      const given = {
        A: '${LOOKS_LIKE_ONE}',
        B: '${UNSET:-d}${secret:K}${LOOKS_LIKE_ONE}',
        C: '${UNSET_ONE}${secret:K}',
      };
      const { personal, env, warnings } = personalOf(given);
      // Without an environment, nothing is known but defaults.
      expect(personal?.B?.[0]).to.deep.equal({ text: 'd' });
      expect(personal?.B?.[2]).to.have.property('text');
      expect(env).to.have.keys('A');
      expect(warnings.join(' ')).to.include('"servers.fs.env" in bulkhead.json uses ${UNSET_ONE}');
    } finally {
      delete process.env.LOOKS_LIKE_ONE;
    }
  });

  it('make the lists of the server those of each session', () => {
    const [entry] = catalogueOf({ fs: { command: 'x', env: { A: '${principal.sub}' } } }).servers;
    expect(entry?.lists).to.equal('dynamic');
  });

  const REFUSED: readonly (readonly [string, object, RegExp])[] = [
    [
      'in args',
      { command: 'x', args: ['-k', '${secret:KEY}'] },
      /args" in bulkhead.json refers to .*only values of "env" may/,
    ],
    ['in cwd', { command: 'x', cwd: './${principal.sub}' }, /cwd" in bulkhead.json refers to/],
    ['as the command', { command: '${principal.sub}' }, /command" in bulkhead.json refers to/],
    ['as the script', { script: '${principal.sub}.js' }, /script" in bulkhead.json refers to/],
    [
      'of a module',
      { module: 'server.mjs', env: { A: '${principal.sub}' } },
      /read session\.principal in the module/,
    ],
    [
      'with spares',
      { command: 'x', spares: 1, env: { A: '${principal.sub}' } },
      /spares" in bulkhead.json is 1, but must be 0/,
    ],
    [
      'with learned lists',
      { command: 'x', lists: 'learned', env: { A: '${principal.sub}' } },
      /must be "dynamic" or absent/,
    ],
    [
      'to other members',
      { command: 'x', env: { A: '${principal.email}' } },
      /env\.A" in bulkhead.json .*only \$\{principal\.sub\} and/,
    ],
    [
      'to an inherited member',
      { command: 'x', env: { A: '${principal.constructor}' } },
      /only \$\{principal\.sub\} and/,
    ],
    ['to a path', { command: 'x', env: { A: '${secret:../KEY}' } }, /its name must be/],
    ['to a hidden file', { command: 'x', env: { A: '${secret:.KEY}' } }, /its name must be/],
    ['to nothing', { command: 'x', env: { A: '${secret:}' } }, /its name must be/],
    ['with a default', { command: 'x', env: { A: '${secret:KEY:-x}' } }, /its name must be/],
    [
      'in a search path',
      { command: 'x', env: { PATH: '/bin:${principal.sub}' } },
      /must be the same for all/,
    ],
    [
      'in options of Node',
      { command: 'x', env: { NODE_OPTIONS: '--title=${principal.sub}' } },
      /must be the same for all/,
    ],
    [
      'in a variable of the gateway',
      { command: 'x', env: { BULKHEAD_CHILD: '${principal.sub}' } },
      /must be the same for all/,
    ],
  ];
  for (const [where, entry, reason] of REFUSED)
    it(`are refused ${where}`, () => expect(reasonOf(entry)).to.match(reason));

  it('to a secret are refused where there are none', () => {
    const entry = { command: 'x', env: { A: '${secret:KEY}' } };
    expect(reasonOf(entry, {})).to.include(
      'refers to the secret KEY, but the gateway has no secrets: set secrets',
    );
    expect(reasonOf(entry, { secretsCommand: ['get'] })).to.equal('it is served');
  });

  it('to secrets have one source', () => {
    expect(() => catalogueOf({}, { secrets: './data', secretsCommand: ['get'] })).to.throw('are both set');
  });
});
