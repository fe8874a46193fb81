/**
 * The one table of all options. Flags, environment variables, keys of the config file, the keys of
 * `createGateway` and the help text are derived from it.
 */
import {
  byteSize,
  duration,
  durationOrNone,
  folders,
  host,
  hosts,
  integer,
  type Kind,
  moduleFile,
  oneOf,
  onOrOff,
  origins,
  token,
} from './option-kinds.js';

/** One row of the table. */
export interface OptionRow extends Kind<unknown> {
  /** As a user would write it; absent where the default depends on other options or on the machine. */
  readonly default?: string;
  /** What the help text says instead of `default`. */
  readonly defaultText?: string;
  readonly help: string;
  /** Its value never appears in a message. */
  readonly secret?: true;
  /** An argument of the command line, not a flag. */
  readonly positional?: true;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export const LOG_FORMATS = ['pretty', 'json'] as const;

export const OPTION_TABLE = {
  'server-module': {
    ...moduleFile,
    positional: true,
    defaultText: 'the built-in environment server',
    help: 'ES module that says which tools, resources and prompts a session has',
  },
  host: { ...host, default: '127.0.0.1', help: 'address of the MCP listener' },
  port: { ...integer(0, 65_535), default: '3000', help: 'port of the MCP listener; 0 takes a free one' },
  'admin-host': { ...host, default: '127.0.0.1', help: 'address of the admin listener' },
  'admin-port': {
    ...integer(0, 65_535),
    default: '9464',
    help: 'port of /metrics, /healthz, /readyz and /sessions; 0 takes a free one',
  },
  token: {
    ...token,
    secret: true,
    defaultText: 'none',
    help: 'bearer token that clients must send; other users of the machine can read flags, so prefer the variable',
  },
  insecure: {
    ...onOrOff,
    default: 'false',
    help: 'allow a host that other machines can reach without a token',
  },
  'allowed-hosts': {
    ...hosts,
    defaultText: 'loopback names and --host',
    help: 'names that a Host header may have; others get 403',
  },
  'allowed-origins': {
    ...origins,
    defaultText: 'loopback names',
    help: 'names or origins that an Origin header may have; others get 403',
  },
  'max-sessions': {
    ...integer(1, 1_000_000),
    default: '10000',
    help: 'session records at once; past it, the one ends that has been without its client for longest',
  },
  'max-threads': {
    ...integer(1, 16_384),
    defaultText: "from the machine's memory",
    help: 'live threads at once',
  },
  'spare-threads': {
    ...integer(0, 1_024),
    defaultText: '2',
    help: 'started threads that wait for a session',
  },
  'thread-heap-mb': {
    ...integer(16, 65_536),
    defaultText: '128',
    help: "limit of the heap of one session's thread, MiB; twice that while it does not yield, as part of it may be garbage",
  },
  'thread-memory-mb': {
    ...integer(16, 1_048_576),
    defaultText: '512',
    help: 'limit of heap and Buffers of one thread together, MiB',
  },
  'thread-nice': {
    ...integer(0, 19),
    default: '5',
    help: "how much a thread's priority is lowered, so that tools can't starve the main thread",
  },
  'session-idle': {
    ...duration(1),
    default: '24h',
    help: 'a session without an open stream that is asked nothing for this long ends',
  },
  'sleep-after': {
    ...duration(0),
    default: '30s',
    help: 'a session without work for so long gives its thread back until it is asked something; 0: never',
  },
  'session-max-age': { ...durationOrNone(1), default: 'none', help: 'a session ends at this age' },
  'disconnect-grace': {
    ...duration(0),
    default: '30s',
    help: 'how long a session lives on after its client has lost all connections',
  },
  'resume-grace': {
    ...duration(0),
    default: '5s',
    help: 'how long a request goes on after its stream broke, where the client can resume it',
  },
  'cancel-grace': {
    ...duration(0),
    default: '2s',
    help: 'how long a cancelled handler may go on before its thread is killed',
  },
  'cleanup-interval': {
    ...duration(1),
    default: '5s',
    help: 'how often sessions are checked for their time limits',
  },
  'max-body-bytes': { ...byteSize, default: '4MiB', help: 'longest body of a request' },
  'max-requests-per-session': {
    ...integer(1, 100_000),
    default: '64',
    help: 'requests of a session in flight',
  },
  'keep-alive': { ...duration(1), default: '15s', help: 'time between comments on an open SSE stream' },
  'progress-heartbeat': {
    ...duration(1),
    default: '20s',
    help: "time between the gateway's own progress notifications for a silent call",
  },
  'sse-after': { ...duration(0), default: '50ms', help: 'a call not answered by then becomes an SSE stream' },
  'drain-timeout': {
    ...duration(0),
    default: '10s',
    help: 'how long requests in flight may go on when the gateway stops',
  },
  'log-level': {
    ...oneOf(LOG_LEVELS),
    default: 'info',
    help: `least level of log lines: ${LOG_LEVELS.join(', ')}`,
  },
  'log-format': {
    ...oneOf(LOG_FORMATS),
    defaultText: 'pretty on a terminal, json elsewhere',
    help: `how log lines look: ${LOG_FORMATS.join(', ')}`,
  },
  root: {
    ...folders,
    defaultText: 'the current folder',
    help: 'folder that the built-in server may read; repeatable',
  },
  'allow-private-network': {
    ...onOrOff,
    default: 'false',
    help: 'let the built-in http_request reach loopback, private and link-local addresses',
  },
  unbundled: {
    ...onOrOff,
    default: 'false',
    help: 'import the server module file by file in each thread, and do not make one text of it at start',
  },
  'fast-path': {
    ...onOrOff,
    default: 'true',
    help: "serve simple tool calls without the SDK's own checks, with the same answers",
  },
} as const satisfies Record<string, OptionRow>;

export type OptionName = keyof typeof OPTION_TABLE;
export const OPTION_NAMES = Object.keys(OPTION_TABLE) as readonly OptionName[];

/** `session-idle` as `sessionIdle`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}

/** `session-idle` as `BULKHEAD_SESSION_IDLE`. */
export function variableName(name: string): string {
  return `BULKHEAD_${name.toUpperCase().replaceAll('-', '_')}`;
}
