/** Options and flags, as users write them in commands, environments, config files and programs. */
import { createProgram } from '../../src/cli/program.js';
import { configSchema } from '../../src/config/config-schema.js';
import {
  camelCase,
  OPTION_NAMES,
  OPTION_TABLE,
  TEXT_OPTION_NAMES,
  variableName,
} from '../../src/config/option-table.js';
import { documentedKey, ENTRY_KEYS, ENTRY_ROWS } from '../../src/config/servers/entry-keys.js';
import { expectPinned } from './pinned.js';

/**
 * Name, key of `createGateway`, environment variable, kind (`...`: several), and default; `-` if there is none, or if
 * it is not always the same.
 */
const OPTIONS = [
  'admin-host adminHost BULKHEAD_ADMIN_HOST <host> 127.0.0.1',
  'admin-port adminPort BULKHEAD_ADMIN_PORT <number> 9464',
  'admin-tls-cert adminTlsCert BULKHEAD_ADMIN_TLS_CERT <file> -',
  'admin-tls-client-ca adminTlsClientCa BULKHEAD_ADMIN_TLS_CLIENT_CA <file> -',
  'admin-tls-key adminTlsKey BULKHEAD_ADMIN_TLS_KEY <file> -',
  'affinity affinity BULKHEAD_AFFINITY <name> session',
  'allow-private-network allowPrivateNetwork BULKHEAD_ALLOW_PRIVATE_NETWORK switch false',
  'allowed-hosts allowedHosts BULKHEAD_ALLOWED_HOSTS <hosts>... -',
  'allowed-origins allowedOrigins BULKHEAD_ALLOWED_ORIGINS <origins>... -',
  'cancel-grace cancelGrace BULKHEAD_CANCEL_GRACE <duration> 2s',
  'cleanup-interval cleanupInterval BULKHEAD_CLEANUP_INTERVAL <duration> 5s',
  'disconnect-grace disconnectGrace BULKHEAD_DISCONNECT_GRACE <duration> 30s',
  'drain-timeout drainTimeout BULKHEAD_DRAIN_TIMEOUT <duration> 10s',
  'errors errors BULKHEAD_ERRORS <name> -',
  'fast-path fastPath BULKHEAD_FAST_PATH switch true',
  'host host BULKHEAD_HOST <host> 127.0.0.1',
  'insecure insecure BULKHEAD_INSECURE switch false',
  'isolation isolation BULKHEAD_ISOLATION <name> thread',
  'keep-alive keepAlive BULKHEAD_KEEP_ALIVE <duration> 15s',
  'lenient-version-header lenientVersionHeader BULKHEAD_LENIENT_VERSION_HEADER switch false',
  'log-format logFormat BULKHEAD_LOG_FORMAT <name> -',
  'log-level logLevel BULKHEAD_LOG_LEVEL <name> info',
  'log-level-labels logLevelLabels BULKHEAD_LOG_LEVEL_LABELS switch false',
  'max-body-bytes maxBodyBytes BULKHEAD_MAX_BODY_BYTES <size> 4MiB',
  'max-processes maxProcesses BULKHEAD_MAX_PROCESSES <number> -',
  'max-requests-per-session maxRequestsPerSession BULKHEAD_MAX_REQUESTS_PER_SESSION <number> 64',
  'max-sessions maxSessions BULKHEAD_MAX_SESSIONS <number> 10000',
  'max-threads maxThreads BULKHEAD_MAX_THREADS <number> -',
  'port port BULKHEAD_PORT <number> 3000',
  'process-memory-mb processMemoryMb BULKHEAD_PROCESS_MEMORY_MB <number> 1024',
  'progress-heartbeat progressHeartbeat BULKHEAD_PROGRESS_HEARTBEAT <duration> 20s',
  'quota-bytes quotaBytes BULKHEAD_QUOTA_BYTES <size/s> -',
  'quota-compartments quotaCompartments BULKHEAD_QUOTA_COMPARTMENTS <number> -',
  'quota-processor-ms quotaProcessorMs BULKHEAD_QUOTA_PROCESSOR_MS <number> -',
  'quota-rate quotaRate BULKHEAD_QUOTA_RATE <number/s> -',
  'quota-requests quotaRequests BULKHEAD_QUOTA_REQUESTS <number> -',
  'quota-sessions quotaSessions BULKHEAD_QUOTA_SESSIONS <number> -',
  'tool-breaker toolBreaker BULKHEAD_TOOL_BREAKER <number> -',
  'resume-grace resumeGrace BULKHEAD_RESUME_GRACE <duration> 5s',
  'root root BULKHEAD_ROOT <folder>... -',
  'server-module serverModule BULKHEAD_SERVER_MODULE <file> -',
  'session-idle sessionIdle BULKHEAD_SESSION_IDLE <duration> 24h',
  'session-max-age sessionMaxAge BULKHEAD_SESSION_MAX_AGE <duration> none',
  'sleep-after sleepAfter BULKHEAD_SLEEP_AFTER <duration> 30s',
  'spare-threads spareThreads BULKHEAD_SPARE_THREADS <number> -',
  'sse-after sseAfter BULKHEAD_SSE_AFTER <duration> 50ms',
  'start-timeout startTimeout BULKHEAD_START_TIMEOUT <duration> -',
  'state-key stateKey BULKHEAD_STATE_KEY <key> -',
  'strict strict BULKHEAD_STRICT switch false',
  'thread-heap-mb threadHeapMb BULKHEAD_THREAD_HEAP_MB <number> -',
  'thread-memory-mb threadMemoryMb BULKHEAD_THREAD_MEMORY_MB <number> -',
  'thread-nice threadNice BULKHEAD_THREAD_NICE <number> 5',
  'tls-cert tlsCert BULKHEAD_TLS_CERT <file> -',
  'tls-client-ca tlsClientCa BULKHEAD_TLS_CLIENT_CA <file> -',
  'tls-key tlsKey BULKHEAD_TLS_KEY <file> -',
  'token token BULKHEAD_TOKEN <token> -',
  'trust-proxy trustProxy BULKHEAD_TRUST_PROXY <addresses>... -',
  'auth-audience authAudience BULKHEAD_AUTH_AUDIENCE <names>... -',
  'auth-claims authClaims BULKHEAD_AUTH_CLAIMS <names>... -',
  'auth-client-id authClientId BULKHEAD_AUTH_CLIENT_ID <id> -',
  'auth-client-secret authClientSecret BULKHEAD_AUTH_CLIENT_SECRET <secret> -',
  'auth-issuer authIssuer BULKHEAD_AUTH_ISSUER <urls>... -',
  'auth-scopes authScopes BULKHEAD_AUTH_SCOPES <scopes>... -',
  'public-url publicUrl BULKHEAD_PUBLIC_URL <url> -',
  'secrets secrets BULKHEAD_SECRETS <folder> -',
  'secrets-command secretsCommand BULKHEAD_SECRETS_COMMAND <command>... -',
  'tokens-file tokensFile BULKHEAD_TOKENS_FILE <file> -',
  'watch watch BULKHEAD_WATCH switch false',
  'audit-arguments auditArguments BULKHEAD_AUDIT_ARGUMENTS <names>... -',
  'audit-log auditLog BULKHEAD_AUDIT_LOG <file> -',
  'audit-redact auditRedact BULKHEAD_AUDIT_REDACT <names>... -',
  'audit-required auditRequired BULKHEAD_AUDIT_REQUIRED switch false',
  'metrics-principals metricsPrincipals BULKHEAD_METRICS_PRINCIPALS <names>... -',
  'policy policy BULKHEAD_POLICY <name> enforce',
  'rules rules - <rules> -',
  'scope-includes scopeIncludes - <scopes> -',
  'bundle bundle BULKHEAD_BUNDLE switch true',
];

/** The spelling in config files; `createGateway` has camelCase. */
const SERVER_KEYS = [
  'affinity <name>',
  'args <strings>',
  'close-tool <tool>',
  'command <command>',
  'cwd <folder>',
  'disconnect-grace <duration>',
  'env <variables>',
  'inheritEnv <names>',
  'isolation <name>',
  'lists <name>',
  'module <file>',
  'open-tool <tool>',
  'package <package>',
  'process-memory-mb <number>',
  'reuse ',
  'script <file>',
  'session-idle <duration>',
  'session-max-age <duration>',
  'sleep-after <duration>',
  'spares <number>',
  'start-timeout <duration>',
  'thread-heap-mb <number>',
  'thread-memory-mb <number>',
  'tools <rules>',
];

/** Of the commands that try a server: which one, and the way to it. */
const WAY_FLAGS = [
  '--server <name>',
  '--header <header>',
  '--token <token>',
  '--token-file <file>',
  '--timeout <duration>',
  '--era <name>',
];

/** By command, in addition to those that `serve` has for each option. */
const FLAGS = {
  init: ['--ts', '--js', '--yes'],
  serve: [
    '--inspect [address]',
    '--inspect-brk [address]',
    '--config <file>',
    '--no-bundle',
    '--no-fast-path',
  ],
  stdio: ['--listen', '--server <name>', '--config <file>', '--no-bundle', '--no-fast-path'],
  list: [...WAY_FLAGS, '--schema', '--json'],
  call: [...WAY_FLAGS, '--arg <key=value>', '--input <key=json>', '--json', '--raw'],
  read: [...WAY_FLAGS, '--input <key=json>', '--json', '--raw'],
  prompt: [...WAY_FLAGS, '--arg <key=value>', '--input <key=json>', '--json', '--raw'],
  'secrets path': ['--folder <folder>'],
  'token create': ['--file <file>', '--scopes <scopes>', '--expires <when>'],
  bridge: ['--header <header>', '--token <token>', '--token-file <file>'],
  import: ['--client <name>', '--scope <scope>', '--config <file>', '--write', '--check', '--undo'],
  load: [
    '--sessions <number>',
    '--rate <number/s>',
    '--concurrency <number>',
    '--duration <duration>',
    '--ramp <duration>',
    '--warm-up <duration>',
    '--mix <mix>',
    '--idle <number>',
    '--listen',
    '--churn <number/s>',
    '--drop <number/s>',
    '--era <name>',
    '--transport <name>',
    '--protocol-version <name>',
    '--timeout <duration>',
    '--read-rate <size/s>',
    '--workers <number>',
    '--metrics <url>',
    '--pid <pid>',
    '--out <file>',
    '--report <file>',
    '--expect <threshold>',
    '--header <header>',
    '--token <token>',
    '--token-file <file>',
  ],
  'load compare': ['--json', '--fail-above <percent>'],
};

describe('Options', () => {
  it('have these names, kinds and defaults', () => {
    const found = OPTION_NAMES.map((name) => {
      const { argument, list, structured, default: value = '-' } = OPTION_TABLE[name];
      const kind = `${argument === '' ? 'switch' : argument}${list === true ? '...' : ''}`;
      const variable = structured === true ? '-' : variableName(name);
      return [name, camelCase(name), variable, kind, value].join(' ');
    });
    expectPinned('Options', found, OPTIONS);
  });

  it('of one server have these names and kinds', () => {
    const found = ENTRY_KEYS.map((key) => `${documentedKey(key)} ${ENTRY_ROWS[key].argument}`);
    expectPinned('Keys of the entry of a server', found, SERVER_KEYS);
  });

  it('that are one of several words know these', () => {
    interface Schema {
      readonly properties: Readonly<Record<string, { readonly enum?: string[] }>>;
    }
    const { definitions, ...options } = configSchema() as unknown as Schema & {
      readonly definitions: { readonly server: Schema };
    };
    const found = [options, definitions.server].flatMap(({ properties }) =>
      Object.entries(properties).flatMap(([name, schema]) =>
        schema.enum === undefined ? [] : [`${name}: ${schema.enum.join(' ')}`],
      ),
    );
    const pinned = [
      'affinity: session request principal handle',
      'affinity: session request principal handle',
      'errors: message full',
      'isolation: thread process',
      'isolation: thread process',
      'lists: learned dynamic',
      'log-format: pretty json',
      'log-level: debug info warn error silent',
      'policy: enforce dry-run',
    ];
    expectPinned('Words that options know', found, pinned);
  });
});

describe('Commands', () => {
  it('have these arguments', () => {
    const found = createProgram([], () => undefined).commands.map((command) =>
      [command.name(), ...command.registeredArguments.map((argument) => argument.name())].join(' '),
    );
    expectPinned('Commands and their arguments', found, [
      'serve server-module',
      'stdio server-module',
      'list server name',
      'call server tool json',
      'read server uri',
      'prompt server name json',
      'bridge url',
      'import',
      'init folder',
      'load url',
      'secrets',
      'token',
    ]);
  });

  for (const [name, flags] of Object.entries(FLAGS)) {
    it(`have these flags: ${name}`, () => {
      const [first, second] = name.split(' ');
      const command = createProgram([], () => undefined)
        .commands.flatMap((one) => [one, ...one.commands])
        .find((one) => one.name() === (second ?? first));
      const found = command?.options.map((option) => option.flags) ?? [];
      const serves = name === 'serve' || name === 'stdio';
      const options = serves ? TEXT_OPTION_NAMES.filter((option) => option !== 'server-module') : [];
      const pinned = options.map((option) => `--${option} ${OPTION_TABLE[option].argument}`.trim());
      expectPinned(`Flags of ${name}`, found, [...flags, ...pinned]);
    });
  }
});
