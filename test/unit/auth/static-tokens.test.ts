import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { AuthenticationChain, isRejection } from '../../../src/auth/authentication.js';
import { digestOf } from '../../../src/auth/bearer.js';
import { ProtectedResources } from '../../../src/auth/oauth/protected-resources.js';
import { type NamedToken, optionToken, StaticTokens } from '../../../src/auth/static-tokens.js';
import { readTokenLines, tokenLine } from '../../../src/auth/token-lines.js';

const NOTHING = { publicUrl: undefined, issuers: [], scopes: [], servers: () => [] };
const endpoint = new ProtectedResources(NOTHING).endpoint(undefined, undefined);

function named(name: string, token: string, more: Partial<NamedToken> = {}): NamedToken {
  return { name, digest: digestOf(token), scopes: [], expiresAtMs: undefined, ...more };
}

async function ask(tokens: StaticTokens, authorization?: string) {
  const chain = new AuthenticationChain({ ways: [tokens], allowsAnonymous: false, takesTokens: true });
  const headers = authorization === undefined ? {} : { authorization };
  return chain.authenticate({ headers } as IncomingMessage, endpoint);
}

describe('A token that is written down', () => {
  const tokens = new StaticTokens([
    optionToken('s3cret'),
    named('ci', 'token-of-ci', { scopes: ['read'] }),
    named('old', 'token-of-old', { expiresAtMs: Date.now() - 1 }),
    named('new', 'token-of-new', { expiresAtMs: Date.now() + 60_000 }),
  ]);

  it('says who has it', async () => {
    for (const [authorization, key] of [
      ['Bearer s3cret', 'token token'],
      ['bearer  s3cret', 'token token'],
      ['Bearer s3cret  ', 'token token'],
      ['Bearer token-of-ci', 'token ci'],
      ['Bearer token-of-new', 'token new'],
    ] as const)
      expect(await ask(tokens, authorization), authorization).to.include({ key });
    const found = await ask(tokens, 'Bearer token-of-ci');
    if (isRejection(found)) throw new Error(found.message);
    expect(found.identity).to.deep.equal({
      kind: 'token',
      issuer: 'token',
      subject: 'ci',
      scopes: ['read'],
      claims: {},
    });
  });

  for (const wrong of ['s3cre', 's3cret2', 'S3CRET', 'ci', digestOf('s3cret').toString('hex')])
    it(`is refused as invalid when it is wrong: ${wrong}`, async () => {
      const found = await ask(tokens, `Bearer ${wrong}`);
      expect(found).to.include({ status: 401, reason: 'unauthorized' });
      expect(found)
        .to.have.nested.property('headers.www-authenticate')
        .that.includes('error="invalid_token"');
    });

  it('is refused as expired once it is', async () => {
    const found = await ask(tokens, 'Bearer token-of-old');
    expect(found).to.include({ status: 401 });
    expect(found).to.have.property('message').that.includes('expired');
  });

  for (const missing of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic czNjcmV0',
    's3cret',
    'Bearer s3cret s3cret',
  ])
    it(`is asked for when there is none: ${missing}`, async () => {
      expect(await ask(tokens, missing)).to.have.deep.property('headers', {
        'www-authenticate': 'Bearer realm="mcp-bulkhead"',
      });
    });

  it('is valid no longer once others have taken its place', async () => {
    const changing = new StaticTokens([named('ci', 'one')]);
    changing.replace([named('ci', 'two')]);
    expect(await ask(changing, 'Bearer one')).to.include({ status: 401 });
    expect(await ask(changing, 'Bearer two')).to.include({ key: 'token ci' });
  });
});

describe('The lines of tokens-file', () => {
  const digest = digestOf('secret').toString('hex');

  it('have name, digest, scopes and expiry', () => {
    const { tokens, mistakes } = readTokenLines(
      `# who\n\nci ${digest} read,write 2030-01-02T03:04:05Z\r\n  ada\t${digest.toUpperCase()}\nbob ${digest} - 2030-01-02\n`,
    );
    expect(mistakes).to.deep.equal([]);
    expect(tokens.map(({ name, scopes, expiresAtMs }) => [name, scopes, expiresAtMs])).to.deep.equal([
      ['ci', ['read', 'write'], Date.UTC(2030, 0, 2, 3, 4, 5)],
      ['ada', [], undefined],
      ['bob', [], Date.UTC(2030, 0, 2)],
    ]);
    expect(tokens.every((token) => token.digest.equals(digestOf('secret')))).to.equal(true);
  });

  it('are read as they were written', () => {
    const token = named('ci', 'secret', { scopes: ['a', 'b'], expiresAtMs: Date.UTC(2030, 0, 1) });
    for (const one of [token, named('ada', 'other')])
      expect(readTokenLines(tokenLine(one)).tokens).to.deep.equal([one]);
  });

  for (const [line, mistake] of [
    ['ci the-token-itself', 'SHA-256'],
    ['ci', 'SHA-256'],
    [`../ci ${digest}`, 'name'],
    [`ci ${digest} a"b`, 'scopes'],
    [`ci ${digest} - tomorrow`, 'expiry'],
    [`ci ${digest} - 2030-13-41`, 'expiry'],
    [`ci ${digest} - never more`, 'four fields'],
  ] as const)
    it(`cannot be: ${line.replace(digest, '<digest>')}`, () => {
      const { tokens, mistakes } = readTokenLines(`ada ${digest}\n${line}\n`);
      expect(tokens.map(({ name }) => name)).to.deep.equal(['ada']);
      expect(mistakes).to.have.length(1);
      expect(mistakes[0])
        .to.match(/^line 2: /)
        .and.to.include(mistake);
      expect(mistakes[0], 'a token may stand there').not.to.include('the-token-itself');
    });

  it('have each name once', () => {
    const { tokens, mistakes } = readTokenLines(`ci ${digest}\nci ${digest}\n`);
    expect(tokens).to.have.length(1);
    expect(mistakes).to.deep.equal(['line 2: the name ci is also in line 1']);
  });
});
