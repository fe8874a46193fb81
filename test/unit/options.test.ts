import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import {
  defaultMaxProcesses,
  defaultMaxThreads,
  fromApi,
  type GatewayOptions,
  optionWarnings,
  type ResolvedOptions,
  resolveOptions,
} from '../../src/config/options.js';
import { createOptionFolder, type OptionFolder, sentenceOf } from '../support/option-folder.js';

describe('options', () => {
  let folder: string;
  let sources: OptionFolder;

  before(() => {
    sources = createOptionFolder();
    folder = sources.path;
  });

  after(() => sources.remove());

  const fromFlags: OptionFolder['fromFlags'] = (flags) => sources.fromFlags(flags);
  const fromEnvironment: OptionFolder['fromEnvironment'] = (environment) =>
    sources.fromEnvironment(environment);
  const fromFile: OptionFolder['fromFile'] = (content) => sources.fromFile(content);

  describe('defaults', () => {
    it('are those of the documentation', () => {
      const { maxThreads, maxProcesses, logFormat, catalogue, ...options } = fromFlags({});
      expect(options).to.deep.equal({
        serverModule: undefined,
        host: '127.0.0.1',
        port: 3000,
        adminHost: '127.0.0.1',
        adminPort: 9464,
        token: undefined,
        tokensFile: undefined,
        authIssuer: undefined,
        publicUrl: undefined,
        authScopes: undefined,
        authAudience: undefined,
        authClaims: undefined,
        authClientId: undefined,
        authClientSecret: undefined,
        tlsCert: undefined,
        tlsKey: undefined,
        tlsClientCa: undefined,
        adminTlsCert: undefined,
        adminTlsKey: undefined,
        adminTlsClientCa: undefined,
        trustProxy: undefined,
        rules: undefined,
        scopeIncludes: undefined,
        policy: 'enforce',
        auditLog: undefined,
        auditRequired: false,
        auditArguments: undefined,
        auditRedact: undefined,
        metricsPrincipals: undefined,
        secrets: undefined,
        secretsCommand: undefined,
        stateKey: undefined,
        insecure: false,
        lenientVersionHeader: false,
        allowedHosts: ['localhost', '127.0.0.1', '[::1]'],
        allowedOrigins: ['localhost', '127.0.0.1', '[::1]'],
        maxSessions: 10_000,
        spareThreads: 2,
        threadHeapMb: 128,
        threadMemoryMb: 512,
        threadNice: 5,
        isolation: 'thread',
        affinity: 'session',
        processMemoryMb: 1_024,
        quotaSessions: undefined,
        quotaCompartments: undefined,
        quotaRequests: undefined,
        quotaRate: undefined,
        quotaBytes: undefined,
        quotaProcessorMs: undefined,
        toolBreaker: undefined,
        sessionIdleMs: 24 * 3_600_000,
        sleepAfterMs: 30_000,
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
        logLevelLabels: false,
        errors: process.stderr.isTTY ? 'full' : 'message',
        startTimeoutMs: 30_000,
        watch: false,
        strict: false,
        roots: [folder],
        allowPrivateNetwork: false,
        bundle: true,
        fastPath: true,
      });
      expect(maxThreads).to.be.within(4, 1_024);
      expect(maxProcesses).to.be.within(8, 500);
      expect(catalogue.servers.map(({ kind, name }) => [kind, name])).to.deep.equal([['module', 'env']]);
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

  describe('max-processes by default', () => {
    const GIB = 2 ** 30;
    const cases = [
      { name: 'a quarter of the memory, 64 MiB each', total: 8 * GIB, constrained: 0, processes: 32 },
      {
        name: "the control group's limit where it is smaller",
        total: 64 * GIB,
        constrained: 4 * GIB,
        processes: 16,
      },
      { name: 'at least 8', total: GIB, constrained: 0, processes: 8 },
      { name: 'at most 500', total: 1_024 * GIB, constrained: 0, processes: 500 },
    ];
    for (const { name, total, constrained, processes } of cases) {
      it(name, () => expect(defaultMaxProcesses(total, constrained)).to.equal(processes));
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
      expect(sentence).to.include(
        `The config file ${join(folder, 'none.json')} (--config) cannot be read: ENOENT`,
      );
    });

    it('is refused with the position where it is not JSON', () => {
      expect(sentenceOf(() => fromFile('{\n  "port": 3000,\n}'))).to.match(
        /bulkhead\.json \(--config\) is not JSON: unexpected "}" at line 3, column 1\.$/,
      );
    });

    it('is refused when it is not an object', () => {
      for (const content of [[], null, 5, '"text"']) {
        expect(sentenceOf(() => fromFile(content === '"text"' ? content : JSON.stringify(content)))).to.match(
          /must hold a JSON object/,
        );
      }
    });

    it('is named by the variable that named it', () => {
      const environment = { BULKHEAD_CONFIG: 'none.json' };
      const refusal = (given: Record<string, string>, configFile?: string) =>
        sentenceOf(() => resolveOptions({ environment: given, configFile, cwd: folder }));
      expect(refusal(environment)).to.include('none.json (BULKHEAD_CONFIG) cannot be read: ENOENT');
      expect(refusal(environment, 'other.json')).to.include('other.json (--config) cannot be read: ENOENT');
      expect(refusal({ BULKHEAD_CONFIG: '' })).to.equal(
        'BULKHEAD_CONFIG is "", but must be the path of a JSON file.',
      );
      writeFileSync(join(folder, 'clients.json'), '{"mcpServers": {}}');
      expect(refusal({ BULKHEAD_CONFIG: 'clients.json' })).to.include(
        'give the file without BULKHEAD_CONFIG, as in bulkhead serve clients.json.',
      );
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
        stateKey: undefined,
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
