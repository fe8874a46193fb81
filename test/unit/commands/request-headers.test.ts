import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type GivenHeaders, requestHeaders } from '../../../src/cli/request-headers.js';
import { temporaryFolder } from '../../support/load-files.js';
import { sentenceOf } from '../../support/option-folder.js';

const WRONG = 'is a value that is not shown here, but must be one or more visible ASCII characters without';

describe('The headers that a command sends', () => {
  let cwd: string;

  beforeEach(() => {
    cwd = temporaryFolder();
    writeFileSync(join(cwd, 'token'), '\n file-token \nsecond line\n');
    writeFileSync(join(cwd, 'words'), 'two words\n');
    writeFileSync(join(cwd, 'empty'), '\n');
    writeFileSync(join(cwd, 'headers'), 'X-Api-Key: a\n\nX-Tenant: b\n');
    writeFileSync(join(cwd, 'broken'), 'X-Api-Key secret\n');
  });

  const given = (changes: Partial<GivenHeaders>): GivenHeaders => ({
    headers: [],
    token: undefined,
    tokenFile: undefined,
    environment: {},
    cwd,
    ...changes,
  });
  const sent = (changes: Partial<GivenHeaders>) => requestHeaders(given(changes));
  const refusal = (changes: Partial<GivenHeaders>) => sentenceOf(() => requestHeaders(given(changes)));

  it('are those of flags and files, and the token of the flag, the file or the variable', () => {
    const environment = { BULKHEAD_TOKEN: 'variable-token' };
    expect(sent({})).to.deep.equal({});
    expect(sent({ headers: ['@headers', 'X-More:c'] })).to.deep.equal({
      'x-api-key': 'a',
      'x-tenant': 'b',
      'x-more': 'c',
    });
    expect(sent({ environment })).to.deep.equal({ authorization: 'Bearer variable-token' });
    expect(sent({ environment, token: 'flag-token' })).to.deep.equal({ authorization: 'Bearer flag-token' });
    expect(sent({ environment, tokenFile: 'token' })).to.deep.equal({ authorization: 'Bearer file-token' });
  });

  it('are refused by the name of what was given, without its value', () => {
    expect(refusal({ token: 'two words' })).to.include(`--token ${WRONG}`);
    expect(refusal({ environment: { BULKHEAD_TOKEN: 'two words' } })).to.include(`BULKHEAD_TOKEN ${WRONG}`);
    expect(refusal({ tokenFile: 'words' })).to.include(`The first line of --token-file words ${WRONG}`);
    expect(refusal({ tokenFile: 'empty' })).to.include(
      '--token-file empty is empty, but must have the token',
    );
    expect(refusal({ tokenFile: 'none' })).to.include('--token-file none cannot be read: ENOENT');
    expect(refusal({ headers: ['@none'] })).to.include('--header @none cannot be read: ENOENT');
    expect(refusal({ headers: ['@broken'] })).to.equal(
      '--header @broken has a line that is not shown here, but must be like "X-Api-Key: secret".',
    );
    expect(refusal({ headers: ['@headers', 'x-tenant: c'] })).to.include('--header gives x-tenant twice');
  });

  it('have one Authorization, and the refusal says what gives the other', () => {
    const headers = ['Authorization: Basic eA=='];
    expect(refusal({ headers, token: 'a' })).to.match(/^--token and --header both give Authorization/);
    expect(refusal({ headers, environment: { BULKHEAD_TOKEN: 'a' } })).to.match(
      /^BULKHEAD_TOKEN and --header both give Authorization/,
    );
    expect(refusal({ token: 'a', tokenFile: 'token' })).to.match(/^--token and --token-file both give/);
  });
});
