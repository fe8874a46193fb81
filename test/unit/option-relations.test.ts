/** What options mean only together. */
import { expect } from 'chai';
import { createOptionFolder, type OptionFolder, sentenceOf } from '../support/option-folder.js';

const ISSUER = 'https://idp.example';

describe('options', () => {
  let sources: OptionFolder;

  before(() => {
    sources = createOptionFolder();
  });

  after(() => sources.remove());

  const fromFlags: OptionFolder['fromFlags'] = (flags) => sources.fromFlags(flags);

  describe('relations', () => {
    const refused: [string, Record<string, string>, RegExp][] = [
      [
        'more spares than threads',
        { maxThreads: '3', spareThreads: '4' },
        /^--spare-threads is 4, .* --max-threads, which is 3\.$/,
      ],
      [
        'a heap over the memory limit',
        { threadHeapMb: '256', threadMemoryMb: '128' },
        /^--thread-heap-mb is 256, .* --thread-memory-mb, which is 128\.$/,
      ],
      [
        'one port for both listeners',
        { port: '4000', adminPort: '4000' },
        /^--admin-port is 4000, but must differ from --port/,
      ],
      [
        'a host that others reach, without a token',
        { host: '0.0.0.0' },
        /^--host is "0\.0\.0\.0".* unless token, tokens-file, auth-issuer, tls-client-ca or insecure is set/,
      ],
      ['an IPv6 wildcard without a token', { host: '::' }, /^--host is "::"/],
      ['an address that only looks like loopback', { host: '128.0.0.1' }, /^--host/],
      ['a name that could be any address', { host: 'build.example' }, /^--host/],
      [
        'an admin host that others reach, without a token',
        { adminHost: '10.0.0.1' },
        /^--admin-host is "10\.0\.0\.1"/,
      ],
      [
        'an authorization server for an address that is not known',
        { host: '0.0.0.0', authIssuer: ISSUER },
        /^public-url must be set with auth-issuer/,
      ],
      ['scopes of no authorization server', { authScopes: 'read' }, /^--auth-scopes .* without auth-issuer/],
      [
        'a client id without its secret',
        { authIssuer: ISSUER, authClientId: 'x' },
        /^--auth-client-id is set, but auth-client-secret is not/,
      ],
    ];
    for (const [name, flags, sentence] of refused) {
      it(`refuse ${name}`, () => expect(sentenceOf(() => fromFlags(flags))).to.match(sentence));
    }

    const accepted: [string, Record<string, unknown>][] = [
      ['a free port for both listeners', { port: '0', adminPort: '0' }],
      ['one port on two hosts', { port: '4000', adminPort: '4000', adminHost: '127.0.0.2' }],
      ['any host with a token', { host: '0.0.0.0', adminHost: '0.0.0.0', token: 't' }],
      ['any host with named tokens', { host: '0.0.0.0', tokensFile: 'tokens.txt' }],
      [
        'any host with an authorization server',
        { host: '0.0.0.0', authIssuer: ISSUER, publicUrl: 'https://mcp.example' },
      ],
      ['any host when told that it is insecure', { host: '0.0.0.0', insecure: true }],
      ['every loopback address', { host: '127.9.9.9', adminHost: '::1' }],
      ['as many spares as threads', { maxThreads: '3', spareThreads: '3' }],
    ];
    for (const [name, flags] of accepted) {
      it(`accept ${name}`, () => expect(fromFlags(flags)).to.be.an('object'));
    }
  });
});
