import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { formatDuration, MAX_TIMER_MS, parseDuration } from '../../src/duration.js';
import { camelCase, OPTION_NAMES, OPTION_TABLE, variableName } from '../../src/option-table.js';
import {
  defaultMaxThreads,
  fromApi,
  type GatewayOptions,
  optionWarnings,
  type ResolvedOptions,
  resolveOptions,
} from '../../src/options.js';
import { BulkheadError } from '../../src/shared/errors.js';

/** The sentence that the call ends with. */
function sentenceOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).to.be.instanceOf(BulkheadError);
    expect((error as BulkheadError).code).to.equal('ERR_BULKHEAD_OPTION');
    return (error as BulkheadError).message;
  }
  throw new Error('nothing was thrown');
}

describe('options', () => {
  let folder: string;

  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'bulkhead-options-')));
    mkdirSync(join(folder, 'data'));
    symlinkSync(join(folder, 'data'), join(folder, 'link'));
    writeFileSync(join(folder, 'server.mjs'), 'export default {};\n');
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  const fromFlags = (flags: Record<string, unknown>): ResolvedOptions =>
    resolveOptions({ flags, cwd: folder });
  const fromEnvironment = (environment: Record<string, string>): ResolvedOptions =>
    resolveOptions({ environment, cwd: folder });
  const fromFile = (content: unknown): ResolvedOptions => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(join(folder, 'bulkhead.json'), text);
    return resolveOptions({ configFile: 'bulkhead.json', cwd: folder });
  };

  describe('defaults', () => {
    it('are those of the documentation', () => {
      const { maxThreads, logFormat, ...options } = fromFlags({});
      expect(options).to.deep.equal({
        serverModule: undefined,
        host: '127.0.0.1',
        port: 3000,
        adminHost: '127.0.0.1',
        adminPort: 9464,
        token: undefined,
        insecure: false,
        allowedHosts: ['localhost', '127.0.0.1', '[::1]'],
        allowedOrigins: ['localhost', '127.0.0.1', '[::1]'],
        maxSessions: 10_000,
        spareThreads: 2,
        threadHeapMb: 128,
        threadMemoryMb: 512,
        threadNice: 5,
        sessionIdleMs: 30 * 60_000,
        sessionMaxAgeMs: undefined,
        disconnectGraceMs: 30_000,
        resumeGraceMs: 5_000,
        cancelGraceMs: 2_000,
        cleanupIntervalMs: 5_000,
        maxBodyBytes: 4 * 2 ** 20,
        maxRequestsPerSession: 64,
        keepAliveMs: 15_000,
        progressHeartbeatMs: 20_000,
        sseAfterMs: 50,
        drainTimeoutMs: 10_000,
        logLevel: 'info',
        roots: [folder],
        allowPrivateNetwork: false,
      });
      expect(maxThreads).to.be.within(4, 1_024);
      expect(logFormat).to.equal(process.stderr.isTTY ? 'pretty' : 'json');
    });

    it('are frozen, lists too', () => {
      const options = fromFlags({});
      for (const value of [options, options.allowedHosts, options.allowedOrigins, options.roots]) {
        expect(Object.isFrozen(value)).to.equal(true);
      }
    });

    it('allow the configured host as a Host header, unless it is a wildcard', () => {
      const allowed = (host: string): readonly string[] => fromFlags({ host, insecure: true }).allowedHosts;
      expect(allowed('build.example')).to.include('build.example');
      expect(allowed('fd00:0:0::5')).to.include('[fd00::5]');
      expect(allowed('0.0.0.0')).to.deep.equal(['localhost', '127.0.0.1', '[::1]']);
      expect(allowed('::')).to.deep.equal(['localhost', '127.0.0.1', '[::1]']);
      expect(allowed('localhost')).to.deep.equal(['localhost', '127.0.0.1', '[::1]']);
    });

    it('give way to limits that were set', () => {
      expect(fromFlags({ maxThreads: '1' }).spareThreads).to.equal(1);
      expect(fromFlags({ threadMemoryMb: '64' }).threadHeapMb).to.equal(64);
      expect(fromFlags({ threadHeapMb: '2048' }).threadMemoryMb).to.equal(2_048);
    });
  });

  describe('max-threads by default', () => {
    const GIB = 2 ** 30;
    const cases = [
      { name: 'half of the memory, 48 MiB each', total: 8 * GIB, constrained: 0, threads: 85 },
      {
        name: "the control group's limit where it is smaller",
        total: 64 * GIB,
        constrained: GIB,
        threads: 10,
      },
      {
        name: 'the machine where the limit is "none", a huge number',
        total: 8 * GIB,
        constrained: 2 ** 64,
        threads: 85,
      },
      { name: 'at least 4', total: GIB / 8, constrained: 0, threads: 4 },
      { name: 'at most 1024', total: 1_024 * GIB, constrained: 0, threads: 1_024 },
    ];
    for (const { name, total, constrained, threads } of cases) {
      it(name, () => expect(defaultMaxThreads(total, constrained)).to.equal(threads));
    }
  });

  describe('precedence', () => {
    it('is flags, environment, config file, defaults', () => {
      writeFileSync(
        join(folder, 'order.json'),
        JSON.stringify({ port: 1, 'admin-port': 2, 'max-sessions': 3 }),
      );
      const options = resolveOptions({
        flags: { port: '11' },
        environment: { BULKHEAD_PORT: '21', BULKHEAD_ADMIN_PORT: '22' },
        configFile: 'order.json',
        cwd: folder,
      });
      expect(options).to.include({ port: 11, adminPort: 22, maxSessions: 3, threadNice: 5 });
    });

    it('lets BULKHEAD_CONFIG name the config file, and a flag name another one', () => {
      writeFileSync(join(folder, 'one.json'), '{"port": 1}');
      writeFileSync(join(folder, 'two.json'), '{"port": 2}');
      const environment = { BULKHEAD_CONFIG: 'one.json' };
      expect(resolveOptions({ environment, cwd: folder }).port).to.equal(1);
      expect(resolveOptions({ environment, configFile: 'two.json', cwd: folder }).port).to.equal(2);
    });
  });

  describe('every option', () => {
    const samples: Record<
      keyof GatewayOptions,
      { text: string; json: unknown; resolved: Partial<ResolvedOptions> }
    > = {
      serverModule: { text: 'server.mjs', json: './server.mjs', resolved: {} },
      host: { text: 'localhost', json: '[::1]', resolved: {} },
      port: { text: '0', json: 0, resolved: { port: 0 } },
      adminHost: { text: '127.0.0.2', json: '127.0.0.2', resolved: { adminHost: '127.0.0.2' } },
      adminPort: { text: '65535', json: 65_535, resolved: { adminPort: 65_535 } },
      token: { text: 's3cret', json: 's3cret', resolved: { token: 's3cret' } },
      insecure: { text: 'true', json: true, resolved: { insecure: true } },
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
      root: { text: 'data', json: ['link'], resolved: {} },
      allowPrivateNetwork: { text: 'yes', json: true, resolved: { allowPrivateNetwork: true } },
    };

    it('is a key of createGateway, and the other way round', () => {
      expect(Object.keys(samples).sort()).to.deep.equal(OPTION_NAMES.map(camelCase).sort());
    });

    for (const name of OPTION_NAMES) {
      const { text, json, resolved } = samples[camelCase(name) as keyof GatewayOptions];
      it(`--${name}, ${variableName(name)} and the key "${name}" mean the same`, () => {
        expect(fromFlags({ [camelCase(name)]: text })).to.deep.include(resolved);
        expect(fromEnvironment({ [variableName(name)]: text })).to.deep.include(resolved);
        expect(fromFile({ [name]: json })).to.deep.include(resolved);
        expect(fromFile({ [camelCase(name)]: json })).to.deep.include(resolved);
      });
    }
  });

  describe('a wrong value', () => {
    const NUMBER = ['abc', '', '-1', '1.5', '0x10', '1e3', ' '];
    const DURATION = ['abc', '', '-1s', '5 minutes', '25d', '2147483648', '600h', 'none'];
    const wrong: Record<string, readonly string[]> = {
      'server-module': ['nope.mjs', '', 'data', 'file:///nope.mjs', 'https://example.com/x.mjs'],
      host: ['', 'a b', '127.0.0.1:3000', 'http://localhost', '999.1.1.1', '[::1'],
      port: [...NUMBER, '65536'],
      'admin-host': ['', 'a b'],
      'admin-port': [...NUMBER, '65536'],
      token: ['', 'two words', 'caf\u00e9', 'line\nbreak'],
      insecure: ['maybe', '', '2'],
      'allowed-hosts': ['', 'https://a.example', 'a.example:', 'a.example:123456', 'a.example,b c'],
      'allowed-origins': ['https://a.example/path', 'https://', 'a b', 'null '.repeat(2)],
      'max-sessions': [...NUMBER, '0'],
      'max-threads': [...NUMBER, '0', '100000'],
      'spare-threads': [...NUMBER, '2000'],
      'thread-heap-mb': [...NUMBER, '1'],
      'thread-memory-mb': [...NUMBER, '1'],
      'thread-nice': [...NUMBER, '20'],
      'session-idle': [...DURATION, '0'],
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
      root: ['', 'nope', 'server.mjs'],
      'allow-private-network': ['maybe', ''],
    };

    it('is known for every option', () => expect(Object.keys(wrong)).to.deep.equal([...OPTION_NAMES]));

    for (const name of OPTION_NAMES) {
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

    it('of the token is never shown', () => {
      for (const refused of [
        () => fromEnvironment({ BULKHEAD_TOKEN: 'hush hush' }),
        () => fromFlags({ token: 'hush hush' }),
        () => fromFile({ token: ['hush'] }),
        () => fromFile('{"token": hush}'),
        () => fromApi({ token: 'hush hush' }),
      ]) {
        expect(sentenceOf(refused)).not.to.include('hush');
      }
    });

    it('of a JSON type that can not be meant is refused', () => {
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
        /^--host is "0\.0\.0\.0".* token or insecure/,
      ],
      ['an IPv6 wildcard without a token', { host: '::' }, /^--host is "::"/],
      ['an address that only looks like loopback', { host: '128.0.0.1' }, /^--host/],
      ['a name that could be any address', { host: 'build.example' }, /^--host/],
      [
        'an admin host that others reach, without a token',
        { adminHost: '10.0.0.1' },
        /^--admin-host is "10\.0\.0\.1"/,
      ],
    ];
    for (const [name, flags, sentence] of refused) {
      it(`refuse ${name}`, () => expect(sentenceOf(() => fromFlags(flags))).to.match(sentence));
    }

    const accepted: [string, Record<string, unknown>][] = [
      ['a free port for both listeners', { port: '0', adminPort: '0' }],
      ['one port on two hosts', { port: '4000', adminPort: '4000', adminHost: '127.0.0.2' }],
      ['any host with a token', { host: '0.0.0.0', adminHost: '0.0.0.0', token: 't' }],
      ['any host when told that it is insecure', { host: '0.0.0.0', insecure: true }],
      ['every loopback address', { host: '127.9.9.9', adminHost: '::1' }],
      ['as many spares as threads', { maxThreads: '3', spareThreads: '3' }],
    ];
    for (const [name, flags] of accepted) {
      it(`accept ${name}`, () => expect(fromFlags(flags)).to.be.an('object'));
    }
  });

  describe('lists', () => {
    it('are separated by commas in a variable', () => {
      const { allowedHosts } = fromEnvironment({ BULKHEAD_ALLOWED_HOSTS: 'a.example, b.example,,' });
      expect(allowedHosts).to.deep.equal(['a.example', 'b.example']);
    });

    it('are repeated or separated by commas as flags', () => {
      const { allowedHosts } = fromFlags({ allowedHosts: ['a.example,b.example', '::1'] });
      expect(allowedHosts).to.deep.equal(['a.example', 'b.example', '[::1]']);
    });

    it('of hosts and origins may have ports, and origins null', () => {
      const { allowedHosts, allowedOrigins } = fromFlags({
        allowedHosts: 'a.example:8443,[::1]:80,fd00:0::5',
        allowedOrigins: 'a.example:8443,vscode-webview://panel,null',
      });
      expect(allowedHosts).to.deep.equal(['a.example:8443', '[::1]:80', '[fd00::5]']);
      expect(allowedOrigins).to.deep.equal(['a.example:8443', 'vscode-webview://panel', 'null']);
    });

    it('may be empty where that means "none"', () => {
      expect(fromEnvironment({ BULKHEAD_ALLOWED_ORIGINS: '' }).allowedOrigins).to.deep.equal([]);
    });
  });

  describe('paths', () => {
    it('of the server module become absolute file: URLs', () => {
      const url = pathToFileURL(join(folder, 'server.mjs'));
      for (const serverModule of ['server.mjs', './server.mjs', join(folder, 'server.mjs'), url.href]) {
        expect(fromFlags({ serverModule }).serverModule).to.equal(url.href);
      }
      expect(fromApi({ serverModule: url }).serverModule).to.equal(url.href);
    });

    it('of roots become absolute, symbolic links resolved', () => {
      expect(fromFlags({ root: ['link', '.'] }).roots).to.deep.equal([join(folder, 'data'), folder]);
    });

    it('of a config file start at its own folder', () => {
      writeFileSync(join(folder, 'data', 'inner.json'), '{"root": "."}');
      const options = resolveOptions({ configFile: 'data/inner.json', cwd: folder });
      expect(options.roots).to.deep.equal([join(folder, 'data')]);
    });
  });

  describe('the config file', () => {
    it('is refused when it is missing', () => {
      const sentence = sentenceOf(() => resolveOptions({ configFile: 'none.json', cwd: folder }));
      expect(sentence).to.include(`The config file ${join(folder, 'none.json')} can't be read: ENOENT`);
    });

    it('is refused with the position where it is not JSON', () => {
      expect(sentenceOf(() => fromFile('{\n  "port": 3000,\n}'))).to.match(
        /bulkhead\.json is not JSON: unexpected "}" at line 3, column 1\.$/,
      );
    });

    it('is refused when it is not an object', () => {
      for (const content of [[], null, 5, '"text"']) {
        expect(sentenceOf(() => fromFile(content === '"text"' ? content : JSON.stringify(content)))).to.match(
          /must hold a JSON object/,
        );
      }
    });

    it('may begin with a byte order mark', () => {
      expect(fromFile('\uFEFF{"port": 5}').port).to.equal(5);
    });

    it('is refused with the nearest name when a key is unknown', () => {
      const cases = [
        ['sesion-idle', ' (did you mean "session-idle"?)'],
        ['sesionIdle', ' (did you mean "sessionIdle"?)'],
        ['prot', ' (did you mean "port"?)'],
        ['somethingElse', ''],
      ] as const;
      for (const [key, hint] of cases) {
        expect(sentenceOf(() => fromFile({ [key]: 1 }))).to.equal(
          `"${key}" in bulkhead.json is not an option${hint}.`,
        );
      }
    });

    it('is refused when it has an option twice', () => {
      expect(sentenceOf(() => fromFile({ 'keep-alive': 1, keepAlive: 2 }))).to.match(
        /^"keep-alive" in bulkhead\.json and "keepAlive" in bulkhead\.json are the same option/,
      );
    });

    it('is not checked by its keys of Object.prototype', () => {
      expect(sentenceOf(() => fromFile('{"__proto__": 1}'))).to.include(
        '"__proto__" in bulkhead.json is not an option',
      );
      expect(sentenceOf(() => fromFile('{"constructor": 1}'))).to.include('is not an option');
    });
  });

  describe('createGateway', () => {
    it('takes numbers and texts in camelCase, and undefined as if absent', () => {
      const options = fromApi({
        port: 0,
        sessionIdle: '5m',
        sseAfter: 10,
        maxBodyBytes: '1MiB',
        token: undefined,
      });
      expect(options).to.include({ port: 0, sessionIdleMs: 300_000, sseAfterMs: 10, maxBodyBytes: 2 ** 20 });
    });

    it('refuses unknown options', () => {
      expect(sentenceOf(() => fromApi({ prot: 1 } as GatewayOptions))).to.equal(
        'prot is not an option (did you mean "port"?).',
      );
    });

    it('does not read the environment', () => {
      process.env.BULKHEAD_THREAD_NICE = '7';
      try {
        expect(fromApi().threadNice).to.equal(5);
      } finally {
        delete process.env.BULKHEAD_THREAD_NICE;
      }
    });
  });

  describe('warnings', () => {
    const options = (): ResolvedOptions => fromFlags({});

    it('tell of variables that look like options', () => {
      const environment = { BULKHEAD_SESION_IDLE: '1', BULKHEAD_PORT: '1', BULKHEAD_CONFIG: 'x', PATH: '' };
      expect(optionWarnings(environment, options())).to.deep.equal([
        'BULKHEAD_SESION_IDLE is not a variable of bulkhead (did you mean "BULKHEAD_SESSION_IDLE"?) and is ignored.',
      ]);
    });

    it('tell of a wildcard host that answers to loopback names alone', () => {
      expect(optionWarnings({}, fromFlags({ host: '0.0.0.0', token: 't' }))[0]).to.match(/will get 403/);
      const named = fromFlags({ host: '0.0.0.0', token: 't', allowedHosts: 'build.example' });
      expect(optionWarnings({}, named)).to.deep.equal([]);
    });

    it('are none by default', () => expect(optionWarnings({}, options())).to.deep.equal([]));
  });
});

describe('durations', () => {
  it('are written with ms, s, m, h, or as milliseconds', () => {
    const cases: [string | number, number | undefined][] = [
      ['500ms', 500],
      ['30s', 30_000],
      ['5m', 300_000],
      ['2h', 7_200_000],
      ['0.5s', 500],
      ['1500', 1_500],
      [1_500, 1_500],
      [' 30s ', 30_000],
      [MAX_TIMER_MS, MAX_TIMER_MS],
      [MAX_TIMER_MS + 1, undefined],
      ['597h', undefined],
      ['30 s', undefined],
      ['30S', undefined],
      ['-1', undefined],
      [Number.NaN, undefined],
      [Number.POSITIVE_INFINITY, undefined],
      ['', undefined],
    ];
    for (const [written, milliseconds] of cases) {
      expect(parseDuration(written), String(written)).to.equal(milliseconds);
    }
  });

  it('are shown in the largest unit that divides them', () => {
    const cases: [number, string][] = [
      [0, '0ms'],
      [1_500, '1500ms'],
      [30_000, '30s'],
      [90_000, '90s'],
      [1_800_000, '30m'],
      [7_200_000, '2h'],
    ];
    for (const [milliseconds, shown] of cases) expect(formatDuration(milliseconds)).to.equal(shown);
  });
});
