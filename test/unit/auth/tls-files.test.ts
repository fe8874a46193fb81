import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fromApi } from '../../../src/config/options.js';
import { readTlsFiles, TlsFileError, type TlsPaths, validityProblem } from '../../../src/shared/tls-files.js';
import { sentenceOf } from '../../support/option-folder.js';
import { tlsFixture } from '../../support/tls-fixtures.js';

const CERT = tlsFixture('certificate.pem');
const KEY = tlsFixture('key.pem');
const OTHER_CERT = tlsFixture('other-certificate.pem');
const OTHER_KEY = tlsFixture('other-key.pem');

describe('The files of TLS', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-tls-'));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  function mistakeOf(paths: Partial<TlsPaths>): { readonly part: string; readonly message: string } {
    try {
      readTlsFiles({ cert: CERT, key: KEY, clientCa: undefined, ...paths });
    } catch (error) {
      expect(error).to.be.instanceOf(TlsFileError);
      const { part, message } = error as TlsFileError;
      return { part, message };
    }
    throw new Error('nothing was thrown');
  }

  it('are read with a chain, and at least TLS 1.2', () => {
    const chain = file('chain.pem', readFileSync(CERT, 'utf8') + readFileSync(OTHER_CERT, 'utf8'));
    const { context, certificate } = readTlsFiles({ cert: chain, key: KEY, clientCa: OTHER_CERT });
    expect(certificate.subject).to.equal('CN=localhost');
    expect(context).to.include({ minVersion: 'TLSv1.2', ca: readFileSync(OTHER_CERT, 'utf8') });
  });

  const mistakes: [what: string, paths: () => Partial<TlsPaths>, part: string, message: RegExp][] = [
    [
      'a certificate that is not PEM',
      () => ({ cert: file('der', '0\x82') }),
      'cert',
      /no certificate in PEM/,
    ],
    ['a certificate that is the key', () => ({ cert: KEY }), 'cert', /no certificate in PEM/],
    [
      'a certificate that is damaged',
      () => ({ cert: file('damaged', readFileSync(CERT, 'utf8').replace(/\nMII/, '\nAII')) }),
      'cert',
      /its certificate cannot be decoded/,
    ],
    [
      'a chain in the wrong order',
      () => ({ cert: file('order', readFileSync(OTHER_CERT, 'utf8') + readFileSync(CERT, 'utf8')) }),
      'cert',
      /must be the first one in it/,
    ],
    [
      "another certificate's key",
      () => ({ key: OTHER_KEY }),
      'key',
      /does not belong to the certificate in .*certificate\.pem/,
    ],
    ['a key that is not PEM', () => ({ key: CERT }), 'key', /no private key in PEM/],
    [
      'a key with a passphrase',
      () => ({ key: tlsFixture('encrypted-key.pem') }),
      'key',
      /without a passphrase/,
    ],
    [
      'a key that is damaged',
      () => ({ key: file('damaged-key', readFileSync(KEY, 'utf8').replace(/\nMI/, '\nAA')) }),
      'key',
      /its key cannot be decoded/,
    ],
    ['a file that is gone', () => ({ key: join(folder, 'gone') }), 'key', /cannot be read: .*ENOENT/],
    ['authorities that are a key', () => ({ clientCa: KEY }), 'client-ca', /no certificate in PEM/],
    ['a file that is too large', () => ({ cert: file('large', 'x'.repeat(2 ** 20 + 1)) }), 'cert', /1 MiB/],
  ];
  for (const [what, paths, part, message] of mistakes) {
    it(`are refused for ${what}`, () => {
      const mistake = mistakeOf(paths());
      expect(mistake.part).to.equal(part);
      expect(mistake.message).to.match(message);
    });
  }

  it('may be out of date, which is said', () => {
    const { certificate } = readTlsFiles({ cert: tlsFixture('expired.pem'), key: KEY, clientCa: undefined });
    expect(validityProblem(certificate)).to.equal('it has expired at 2020-02-01T00:00:00.000Z');
    expect(validityProblem(certificate, Date.parse('2020-01-10'))).to.equal(undefined);
    expect(validityProblem(certificate, Date.parse('2019-12-31'))).to.match(
      /^it is not valid before 2020-01-01/,
    );
    expect(validityProblem(new X509Certificate(readFileSync(CERT)))).to.equal(undefined);
  });
});

describe('Options of TLS', () => {
  it('belong together, for each listener', () => {
    const cases: [given: Parameters<typeof fromApi>[0], sentence: RegExp][] = [
      [{ tlsCert: CERT }, /^tlsCert is set, but tls-key is not: they belong together\.$/],
      [{ tlsKey: KEY }, /^tlsKey is set, but tls-cert is not: they belong together\.$/],
      [{ tlsClientCa: CERT }, /^tlsClientCa is set, but has no effect without tls-cert and tls-key\.$/],
      [{ adminTlsCert: CERT }, /^adminTlsCert is set, but admin-tls-key is not/],
      [
        { adminTlsClientCa: CERT, tlsCert: CERT, tlsKey: KEY },
        /no effect without admin-tls-cert and admin-tls-key/,
      ],
      [
        { tlsCert: CERT, tlsKey: OTHER_KEY },
        /^tlsKey is ".*other-key\.pem", but cannot be used: it does not belong/,
      ],
      [
        { adminTlsCert: KEY, adminTlsKey: KEY },
        /^adminTlsCert is ".*", but cannot be used: it has no certificate/,
      ],
    ];
    for (const [given, sentence] of cases) expect(sentenceOf(() => fromApi(given))).to.match(sentence);
    expect(fromApi({ tlsCert: CERT, tlsKey: KEY }).tlsCert).to.equal(CERT);
  });

  it('let other machines in where their certificates are asked for', () => {
    const mcp = { host: '0.0.0.0', tlsCert: CERT, tlsKey: KEY };
    expect(sentenceOf(() => fromApi(mcp))).to.match(
      /unless token, tokens-file, auth-issuer, tls-client-ca or/,
    );
    expect(fromApi({ ...mcp, tlsClientCa: CERT }).host).to.equal('0.0.0.0');
    const admin = { adminHost: '0.0.0.0', adminTlsCert: CERT, adminTlsKey: KEY };
    expect(sentenceOf(() => fromApi(admin))).to.match(/unless token, admin-tls-client-ca or insecure/);
    expect(fromApi({ ...admin, adminTlsClientCa: CERT }).adminHost).to.equal('0.0.0.0');
  });
});
