import { expect } from 'chai';
import {
  camelCase,
  kebabCase,
  OPTION_NAMES,
  OPTION_TABLE,
  TEXT_OPTION_NAMES,
  variableName,
} from '../../src/config/option-table.js';
import { fromApi, type GatewayOptions, type ResolvedOptions } from '../../src/config/options.js';
import { createOptionFolder, type OptionFolder, STATE_KEY, sentenceOf } from '../support/option-folder.js';

const ISSUER = 'https://idp.example';

describe('option values', () => {
  let sources: OptionFolder;

  before(() => {
    sources = createOptionFolder();
  });

  after(() => sources.remove());

  const fromFlags: OptionFolder['fromFlags'] = (flags) => sources.fromFlags(flags);
  const fromEnvironment: OptionFolder['fromEnvironment'] = (environment) =>
    sources.fromEnvironment(environment);
  const fromFile: OptionFolder['fromFile'] = (content) => sources.fromFile(content);

  describe('every option', () => {
    const samples: Record<
      keyof Omit<GatewayOptions, 'servers'>,
      {
        /** Absent for those that have no notation as text. */
        text?: string;
        json: unknown;
        resolved: Partial<ResolvedOptions>;
        also?: Readonly<Record<string, string>>;
      }
    > = {
      serverModule: { text: 'server.mjs', json: './server.mjs', resolved: {} },
      host: { text: 'localhost', json: '[::1]', resolved: {} },
      port: { text: '0', json: 0, resolved: { port: 0 } },
      adminHost: { text: '127.0.0.2', json: '127.0.0.2', resolved: { adminHost: '127.0.0.2' } },
      adminPort: { text: '65535', json: 65_535, resolved: { adminPort: 65_535 } },
      token: { text: 's3cret', json: 's3cret', resolved: { token: 's3cret' } },
      tokensFile: { text: 'tokens.txt', json: './tokens.txt', resolved: {} },
      authIssuer: { text: ISSUER, json: [ISSUER], resolved: { authIssuer: [ISSUER] } },
      publicUrl: {
        text: 'https://mcp.example',
        json: 'https://mcp.example/',
        resolved: { publicUrl: new URL('https://mcp.example') },
      },
      authScopes: {
        text: 'read,write',
        json: ['read', 'write'],
        resolved: { authScopes: ['read', 'write'] },
        also: { authIssuer: ISSUER },
      },
      authAudience: {
        text: 'api',
        json: ['api'],
        resolved: { authAudience: ['api'] },
        also: { authIssuer: ISSUER },
      },
      authClaims: {
        text: 'email',
        json: ['email'],
        resolved: { authClaims: ['email'] },
        also: { authIssuer: ISSUER },
      },
      authClientId: {
        text: 'gateway',
        json: 'gateway',
        resolved: { authClientId: 'gateway' },
        also: { authIssuer: ISSUER, authClientSecret: 'x' },
      },
      authClientSecret: {
        text: 'hush',
        json: 'hush',
        resolved: { authClientSecret: 'hush' },
        also: { authIssuer: ISSUER, authClientId: 'x' },
      },
      tlsCert: {
        text: 'certificate.pem',
        json: './certificate.pem',
        resolved: {},
        also: { tlsKey: 'key.pem' },
      },
      tlsKey: { text: 'key.pem', json: './key.pem', resolved: {}, also: { tlsCert: 'certificate.pem' } },
      tlsClientCa: {
        text: 'certificate.pem',
        json: './certificate.pem',
        resolved: {},
        also: { tlsCert: 'certificate.pem', tlsKey: 'key.pem' },
      },
      adminTlsCert: {
        text: 'certificate.pem',
        json: './certificate.pem',
        resolved: {},
        also: { adminTlsKey: 'key.pem' },
      },
      adminTlsKey: {
        text: 'key.pem',
        json: './key.pem',
        resolved: {},
        also: { adminTlsCert: 'certificate.pem' },
      },
      adminTlsClientCa: {
        text: 'certificate.pem',
        json: './certificate.pem',
        resolved: {},
        also: { adminTlsCert: 'certificate.pem', adminTlsKey: 'key.pem' },
      },
      trustProxy: {
        text: '10.0.0.0/8,FD00::/8,[::1]',
        json: ['10.0.0.0/8', 'fd00::/8', '::1'],
        resolved: { trustProxy: ['10.0.0.0/8', 'fd00::/8', '::1'] },
      },
      rules: { json: [{ effect: 'deny', tools: 'x' }], resolved: {} },
      scopeIncludes: { json: { admin: ['read'] }, resolved: {} },
      policy: { text: 'dry-run', json: 'dry-run', resolved: { policy: 'dry-run' } },
      auditLog: { text: 'stderr', json: 'stderr', resolved: { auditLog: 'stderr' } },
      auditRequired: {
        text: 'true',
        json: true,
        resolved: { auditRequired: true },
        also: { auditLog: 'stderr' },
      },
      auditArguments: {
        text: 'notes/*,a/b',
        json: ['notes/*', 'a/b'],
        resolved: { auditArguments: ['notes/*', 'a/b'] },
        also: { auditLog: 'stderr' },
      },
      auditRedact: {
        text: 'pin,/x+/',
        json: ['pin', '/x+/'],
        resolved: { auditRedact: ['pin', '/x+/'] },
        also: { auditLog: 'stderr' },
      },
      metricsPrincipals: { text: 'ada', json: ['ada'], resolved: { metricsPrincipals: ['ada'] } },
      secrets: { text: 'data', json: './data', resolved: {} },
      secretsCommand: {
        text: 'pass-mcp,--quiet',
        json: ['pass-mcp', '--quiet'],
        resolved: { secretsCommand: ['pass-mcp', '--quiet'] },
      },
      stateKey: { text: STATE_KEY, json: './state.key', resolved: { stateKey: STATE_KEY } },
      insecure: { text: 'true', json: true, resolved: { insecure: true } },
      lenientVersionHeader: { text: 'true', json: true, resolved: { lenientVersionHeader: true } },
      allowedHosts: { text: 'A.example', json: ['a.example'], resolved: { allowedHosts: ['a.example'] } },
      allowedOrigins: {
        text: 'https://a.example,b.example',
        json: ['https://a.example/', 'B.example'],
        resolved: { allowedOrigins: ['https://a.example', 'b.example'] },
      },
      maxSessions: { text: '7', json: 7, resolved: { maxSessions: 7 } },
      maxThreads: { text: '7', json: 7, resolved: { maxThreads: 7 } },
      spareThreads: { text: '0', json: 0, resolved: { spareThreads: 0 } },
      threadHeapMb: { text: '64', json: 64, resolved: { threadHeapMb: 64 } },
      threadMemoryMb: { text: '256', json: 256, resolved: { threadMemoryMb: 256 } },
      threadNice: { text: '19', json: 19, resolved: { threadNice: 19 } },
      isolation: { text: 'process', json: 'process', resolved: { isolation: 'process' } },
      affinity: { text: 'request', json: 'request', resolved: { affinity: 'request' } },
      maxProcesses: { text: '7', json: 7, resolved: { maxProcesses: 7 } },
      processMemoryMb: { text: '256', json: 256, resolved: { processMemoryMb: 256 } },
      quotaSessions: { text: '7', json: 7, resolved: { quotaSessions: 7 } },
      quotaCompartments: { text: '7', json: 7, resolved: { quotaCompartments: 7 } },
      quotaRequests: { text: '7', json: 7, resolved: { quotaRequests: 7 } },
      quotaRate: { text: '5/s', json: 0.5, resolved: {} },
      quotaBytes: { text: '64KiB/s', json: 65_536, resolved: { quotaBytes: 65_536 } },
      quotaProcessorMs: { text: '7000', json: 7_000, resolved: { quotaProcessorMs: 7_000 } },
      toolBreaker: { text: '5', json: 5, resolved: { toolBreaker: 5 } },
      sleepAfter: { text: '1m', json: '60s', resolved: { sleepAfterMs: 60_000 } },
      sessionIdle: { text: '2h', json: 7_200_000, resolved: { sessionIdleMs: 7_200_000 } },
      sessionMaxAge: { text: '90s', json: '90s', resolved: { sessionMaxAgeMs: 90_000 } },
      disconnectGrace: { text: '0', json: 0, resolved: { disconnectGraceMs: 0 } },
      resumeGrace: { text: '1.5s', json: 1_500, resolved: { resumeGraceMs: 1_500 } },
      cancelGrace: { text: '250ms', json: 250, resolved: { cancelGraceMs: 250 } },
      cleanupInterval: { text: '1s', json: 1_000, resolved: { cleanupIntervalMs: 1_000 } },
      maxBodyBytes: { text: '512KB', json: 512_000, resolved: { maxBodyBytes: 512_000 } },
      maxRequestsPerSession: { text: '1', json: 1, resolved: { maxRequestsPerSession: 1 } },
      keepAlive: { text: '1m', json: '60s', resolved: { keepAliveMs: 60_000 } },
      progressHeartbeat: { text: '5s', json: 5_000, resolved: { progressHeartbeatMs: 5_000 } },
      sseAfter: { text: '0', json: 0, resolved: { sseAfterMs: 0 } },
      drainTimeout: { text: '3s', json: 3_000, resolved: { drainTimeoutMs: 3_000 } },
      logLevel: { text: 'silent', json: 'silent', resolved: { logLevel: 'silent' } },
      logFormat: { text: 'pretty', json: 'pretty', resolved: { logFormat: 'pretty' } },
      logLevelLabels: { text: 'yes', json: true, resolved: { logLevelLabels: true } },
      errors: { text: 'full', json: 'full', resolved: { errors: 'full' } },
      startTimeout: { text: '1m', json: '60s', resolved: { startTimeoutMs: 60_000 } },
      watch: { text: 'yes', json: true, resolved: { watch: true } },
      strict: { text: 'yes', json: true, resolved: { strict: true } },
      root: { text: 'data', json: ['link'], resolved: {} },
      allowPrivateNetwork: { text: 'yes', json: true, resolved: { allowPrivateNetwork: true } },
      bundle: { text: 'off', json: false, resolved: { bundle: false } },
      fastPath: { text: 'off', json: false, resolved: { fastPath: false } },
    };

    it('is a key of createGateway, and the other way round', () => {
      expect(Object.keys(samples).sort()).to.deep.equal(OPTION_NAMES.map(camelCase).sort());
    });

    for (const name of OPTION_NAMES) {
      const { text, json, resolved, also = {} } = samples[camelCase(name) as keyof typeof samples];
      const variables = Object.entries(also).map(([key, value]) => [variableName(kebabCase(key)), value]);
      it(`--${name}, ${variableName(name)} and the key "${name}" mean the same`, () => {
        if (text !== undefined) {
          expect(fromFlags({ ...also, [camelCase(name)]: text })).to.deep.include(resolved);
          expect(
            fromEnvironment({ ...Object.fromEntries(variables), [variableName(name)]: text }),
          ).to.deep.include(resolved);
        }
        expect(fromFile({ ...also, [name]: json })).to.deep.include(resolved);
        expect(fromFile({ ...also, [camelCase(name)]: json })).to.deep.include(resolved);
      });
    }
  });

  describe('a wrong value', () => {
    const NUMBER = ['abc', '', '-1', '1.5', '0x10', '1e3', ' '];
    const DURATION = ['abc', '', '-1s', '5 minutes', '25d', '2147483648', '600h', 'none'];
    const wrong: Record<string, readonly string[]> = {
      'server-module': [
        'nope.mjs',
        '',
        'data',
        'file:///nope.mjs',
        'file://other/x.mjs',
        'https://example.com/x.mjs',
      ],
      host: ['', 'a b', '127.0.0.1:3000', 'http://localhost', '999.1.1.1', '[::1'],
      port: [...NUMBER, '65536'],
      'admin-host': ['', 'a b'],
      'admin-port': [...NUMBER, '65536'],
      token: ['', 'two words', 'caf\u00e9', 'line\nbreak'],
      'tokens-file': ['', 'nope.txt', 'data'],
      'auth-issuer': [
        '',
        'idp.example',
        'http://idp.example',
        'https://idp.example/?a=1',
        'ftp://idp.example',
      ],
      'public-url': [
        '',
        'mcp.example',
        'https://mcp.example/#a',
        'https://a:b@mcp.example',
        'ftp://mcp.example',
      ],
      'auth-scopes': ['', 'a b', 'a"b'],
      'auth-audience': ['', 'a b'],
      'auth-claims': ['', 'a b'],
      'auth-client-id': ['', 'a b'],
      'auth-client-secret': ['', 'line\nbreak'],
      secrets: ['', 'nope', 'server.mjs'],
      'secrets-command': [''],
      'tls-cert': ['', 'nope.pem', 'data'],
      'tls-key': ['', 'nope.pem', 'data'],
      'tls-client-ca': ['', 'nope.pem', 'data'],
      'admin-tls-cert': ['', 'nope.pem', 'data'],
      'admin-tls-key': ['', 'nope.pem', 'data'],
      'admin-tls-client-ca': ['', 'nope.pem', 'data'],
      'trust-proxy': ['', 'proxy.example', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0', 'fe80::1%eth0'],
      policy: ['warn', ''],
      'audit-log': ['', 'nope/audit.log', 'data'],
      'audit-required': ['maybe', ''],
      'audit-arguments': ['', 'notes', 'a/b/c', 'a b/c'],
      'audit-redact': ['', '/(/'],
      'metrics-principals': ['', 'line\nbreak'],
      insecure: ['maybe', '', '2'],
      'allowed-hosts': ['', 'https://a.example', 'a.example:', 'a.example:123456', 'a.example,b c'],
      'allowed-origins': ['https://a.example/path', 'https://', 'a b', 'null '.repeat(2)],
      'state-key': [
        '',
        'short',
        STATE_KEY.slice(0, 40),
        `${STATE_KEY}!`,
        './nope.key',
        `/${STATE_KEY}`,
        'server.mjs',
        './server.mjs',
      ],
      'lenient-version-header': ['maybe', '', '2'],
      'max-sessions': [...NUMBER, '0'],
      'max-threads': [...NUMBER, '0', '100000'],
      'spare-threads': [...NUMBER, '2000'],
      'thread-heap-mb': [...NUMBER, '1'],
      'thread-memory-mb': [...NUMBER, '1'],
      'thread-nice': [...NUMBER, '20'],
      'max-processes': [...NUMBER, '0', '100000'],
      'process-memory-mb': [...NUMBER, '1'],
      'quota-sessions': [...NUMBER, '0'],
      'quota-compartments': [...NUMBER, '0', '100000'],
      'quota-requests': [...NUMBER, '0'],
      'quota-rate': ['', 'many', '-1', '0', '5/m', '200000'],
      'quota-bytes': ['', 'many', '-1', '0', '64KiB/m', '2GiB/s'],
      'quota-processor-ms': [...NUMBER, '0'],
      'tool-breaker': [...NUMBER, '0'],
      'session-idle': [...DURATION, '0'],
      'sleep-after': DURATION,
      'session-max-age': ['never', '0', '-1'],
      'disconnect-grace': DURATION,
      'resume-grace': DURATION,
      'cancel-grace': DURATION,
      'cleanup-interval': [...DURATION, '0'],
      'max-body-bytes': ['', '0', '4XB', '1GiB', '-4MiB'],
      'max-requests-per-session': [...NUMBER, '0'],
      'keep-alive': [...DURATION, '0'],
      'progress-heartbeat': [...DURATION, '0'],
      'sse-after': DURATION,
      'drain-timeout': DURATION,
      'log-level': ['loud', '', 'INFO'],
      'log-format': ['xml', ''],
      'log-level-labels': ['maybe', ''],
      errors: ['stack', ''],
      isolation: ['container', ''],
      affinity: ['client', ''],
      'start-timeout': [...DURATION, '0'],
      watch: ['maybe', ''],
      strict: ['maybe', ''],
      root: ['', 'nope', 'server.mjs'],
      'allow-private-network': ['maybe', ''],
      bundle: ['maybe', ''],
      'fast-path': ['maybe', ''],
    };

    it('is known for every option', () => expect(Object.keys(wrong)).to.deep.equal([...TEXT_OPTION_NAMES]));

    for (const name of TEXT_OPTION_NAMES) {
      it(`of ${name} is refused in one sentence that names the option, the value and what would be right`, () => {
        const { expected } = OPTION_TABLE[name];
        for (const value of wrong[name]!) {
          const sentence = sentenceOf(() => fromEnvironment({ [variableName(name)]: value }));
          expect(sentence, value).to.match(new RegExp(`^${variableName(name)} is `));
          expect(sentence, value).to.include(`, but must be ${expected}.`);
          expect(sentence.split('\n'), value).to.have.length(1);
        }
      });
    }

    it('is named by where it came from', () => {
      const rest = ' is "x", but must be an integer from 0 to 65535.';
      expect(sentenceOf(() => fromFlags({ port: 'x' }))).to.equal(`--port${rest}`);
      expect(sentenceOf(() => fromEnvironment({ BULKHEAD_PORT: 'x' }))).to.equal(`BULKHEAD_PORT${rest}`);
      expect(sentenceOf(() => fromFile({ adminPort: 'x' }))).to.equal(`"adminPort" in bulkhead.json${rest}`);
      expect(sentenceOf(() => fromApi({ port: 'x' as unknown as number }))).to.equal(`port${rest}`);
      expect(sentenceOf(() => fromFlags({ serverModule: 'x.mjs' }))).to.match(
        /^\[server-module\] is "x\.mjs"/,
      );
    });

    it('of a list is named alone', () => {
      expect(sentenceOf(() => fromFlags({ allowedHosts: ['a.example,b c'] }))).to.match(
        /^--allowed-hosts is "b c", /,
      );
    });

    it('of a secret is never shown', () => {
      for (const refused of [
        () => fromEnvironment({ BULKHEAD_TOKEN: 'hush hush' }),
        () => fromFlags({ token: 'hush hush' }),
        () => fromFile({ token: ['hush'] }),
        () => fromFile('{"token": hush}'),
        () => fromApi({ token: 'hush hush' }),
        () => fromFlags({ stateKey: 'hush' }),
      ]) {
        expect(sentenceOf(refused)).not.to.include('hush');
      }
    });

    it('of a JSON type that cannot be meant is refused', () => {
      const cases: [Record<string, unknown>, RegExp][] = [
        [{ port: null }, /^"port" in bulkhead\.json is null, but must be an integer/],
        [{ insecure: 'perhaps' }, /is "perhaps", but must be true or false/],
        [{ host: 5 }, /is 5, but must be a host name/],
        [{ root: [7] }, /is 7, but must be one or more existing folders/],
        [{ keepAlive: { seconds: 1 } }, /is {"seconds":1}, but must be a duration/],
        [{ maxSessions: 1.5 }, /is 1\.5, but must be an integer/],
      ];
      for (const [content, sentence] of cases) expect(sentenceOf(() => fromFile(content))).to.match(sentence);
    });
  });
});
