/**
 * Options from flags, environment variables, a config file and defaults, in this precedence: checked once, then
 * frozen. A wrong value ends in one sentence that names the option, the value and what would be right.
 */
import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import { constrainedMemory } from 'node:process';
import type { z } from 'zod';
import { didYouMean } from './nearest.js';
import { asHostHeader, isLoopback, isWildcard } from './option-kinds.js';
import {
  type GivenOptions,
  gather,
  gatherFromObject,
  type OptionSources,
  optionError,
} from './option-sources.js';
import {
  type LOG_FORMATS,
  type LOG_LEVELS,
  OPTION_NAMES,
  OPTION_TABLE,
  type OptionName,
  type OptionRow,
  variableName,
} from './option-table.js';

/** `500ms`, `30s`, `5m`, `2h`, or a number of milliseconds. */
type Duration = string | number;

/** What a programmer may give `createGateway`. Everything is optional; the README tells defaults and meanings. */
export interface GatewayOptions {
  /** ES module file, as a path from the current folder or a `file:` URL; the built-in server without one. */
  readonly serverModule?: string | URL | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly adminHost?: string | undefined;
  readonly adminPort?: number | undefined;
  readonly token?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly maxSessions?: number | undefined;
  readonly maxThreads?: number | undefined;
  readonly spareThreads?: number | undefined;
  readonly threadHeapMb?: number | undefined;
  readonly threadMemoryMb?: number | undefined;
  readonly threadNice?: number | undefined;
  readonly sessionIdle?: Duration | undefined;
  readonly sleepAfter?: Duration | undefined;
  /** A duration, or `none`. */
  readonly sessionMaxAge?: Duration | undefined;
  readonly disconnectGrace?: Duration | undefined;
  readonly resumeGrace?: Duration | undefined;
  readonly cancelGrace?: Duration | undefined;
  readonly cleanupInterval?: Duration | undefined;
  /** Bytes, or a size such as `4MiB`. */
  readonly maxBodyBytes?: string | number | undefined;
  readonly maxRequestsPerSession?: number | undefined;
  readonly keepAlive?: Duration | undefined;
  readonly progressHeartbeat?: Duration | undefined;
  readonly sseAfter?: Duration | undefined;
  readonly drainTimeout?: Duration | undefined;
  readonly logLevel?: (typeof LOG_LEVELS)[number] | undefined;
  readonly logFormat?: (typeof LOG_FORMATS)[number] | undefined;
  /** Folders that the built-in server may read; the current folder without one. */
  readonly root?: string | readonly string[] | undefined;
  readonly allowPrivateNetwork?: boolean | undefined;
  readonly unbundled?: boolean | undefined;
  readonly fastPath?: boolean | undefined;
}

/** All options, checked; frozen, also in depth. */
export interface ResolvedOptions {
  /** Absolute `file:` URL, or `undefined` for the built-in environment server. */
  readonly serverModule: string | undefined;
  /** Without brackets, as `listen` takes it. */
  readonly host: string;
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly token: string | undefined;
  readonly insecure: boolean;
  /** As a `Host` header has them, lower case, IPv6 in brackets; without a port, any is meant. */
  readonly allowedHosts: readonly string[];
  /** Host names as above (any scheme is meant), whole origins such as `https://app.example:8443`, or `null`. */
  readonly allowedOrigins: readonly string[];
  readonly maxSessions: number;
  readonly maxThreads: number;
  /** At most `maxThreads`. */
  readonly spareThreads: number;
  /** At most `threadMemoryMb`. */
  readonly threadHeapMb: number;
  readonly threadMemoryMb: number;
  readonly threadNice: number;
  readonly sessionIdleMs: number;
  readonly sleepAfterMs: number;
  readonly sessionMaxAgeMs: number | undefined;
  readonly disconnectGraceMs: number;
  readonly resumeGraceMs: number;
  readonly cancelGraceMs: number;
  readonly cleanupIntervalMs: number;
  readonly maxBodyBytes: number;
  readonly maxRequestsPerSession: number;
  readonly keepAliveMs: number;
  readonly progressHeartbeatMs: number;
  readonly sseAfterMs: number;
  readonly drainTimeoutMs: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly logFormat: (typeof LOG_FORMATS)[number];
  /** Absolute folders, symbolic links resolved. */
  readonly roots: readonly string[];
  readonly allowPrivateNetwork: boolean;
  readonly unbundled: boolean;
  readonly fastPath: boolean;
}

type Row<N extends OptionName> = (typeof OPTION_TABLE)[N];
type Value<N extends OptionName> =
  | z.output<ReturnType<Row<N>['schema']>>
  | (Row<N> extends { readonly default: string } ? never : undefined);

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'] as const;

/**
 * Options of the command line.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` with one sentence.
 */
export function resolveOptions(sources: OptionSources): ResolvedOptions {
  return check(gather(sources), sources.cwd);
}

/**
 * Options of `createGateway`. The environment and config files have no say.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` with one sentence.
 */
export function fromApi(options: GatewayOptions = {}): ResolvedOptions {
  const folder = process.cwd();
  return check(gatherFromObject(options, folder), folder);
}

/**
 * What is not wrong but probably not meant either, a sentence each: variables that look like options, a host
 * that other machines reach while only loopback names are allowed.
 */
export function optionWarnings(
  environment: Readonly<Record<string, string | undefined>>,
  options: ResolvedOptions,
): string[] {
  const known = new Set(['BULKHEAD_CONFIG', ...OPTION_NAMES.map(variableName)]);
  const warnings = Object.keys(environment)
    .filter((name) => name.startsWith('BULKHEAD_') && !known.has(name))
    .map((name) => `${name} is not a variable of bulkhead${didYouMean(name, known)} and is ignored.`);
  if (isWildcard(options.host) && options.allowedHosts.every((name) => isLoopback(name))) {
    warnings.push(
      `Requests from other machines that call this one by a name, not by an address, will get 403: host is ${options.host}, but allowed-hosts has loopback names only.`,
    );
  }
  return warnings;
}

function shown(row: OptionRow, raw: unknown): string {
  if (row.secret === true) return 'a value that is not shown here';
  return JSON.stringify(raw) ?? String(raw);
}

function reader(given: GivenOptions, cwd: string) {
  return function read<N extends OptionName>(name: N): Value<N> {
    const row: OptionRow = OPTION_TABLE[name];
    const entry = given.get(name);
    const raw = entry === undefined ? row.default : entry.raw;
    if (raw === undefined) return undefined as Value<N>;
    const result = row.schema(entry?.folder ?? cwd).safeParse(raw);
    if (result.success) return result.data as Value<N>;
    const index = result.error.issues[0]?.path[0];
    const wrong = Array.isArray(raw) && typeof index === 'number' ? raw[index] : raw;
    throw optionError(`${entry?.label ?? name} is ${shown(row, wrong)}, but must be ${row.expected}.`);
  };
}

function check(given: GivenOptions, cwd: string): ResolvedOptions {
  const read = reader(given, cwd);
  const label = (name: OptionName): string => given.get(name)?.label ?? name;
  const host = read('host');
  const maxThreads = read('max-threads') ?? defaultMaxThreads(totalmem(), constrainedMemory());
  const threadMemoryMb = read('thread-memory-mb') ?? Math.max(512, read('thread-heap-mb') ?? 0);
  const allowedHosts = read('allowed-hosts') ?? [
    ...new Set([...LOOPBACK_NAMES, ...(isWildcard(host) ? [] : [asHostHeader(host)])]),
  ];
  const options: ResolvedOptions = {
    serverModule: read('server-module'),
    host,
    port: read('port'),
    adminHost: read('admin-host'),
    adminPort: read('admin-port'),
    token: read('token'),
    insecure: read('insecure'),
    allowedHosts: Object.freeze(allowedHosts),
    allowedOrigins: Object.freeze(read('allowed-origins') ?? [...LOOPBACK_NAMES]),
    maxSessions: read('max-sessions'),
    maxThreads,
    spareThreads: read('spare-threads') ?? Math.min(2, maxThreads),
    threadHeapMb: read('thread-heap-mb') ?? Math.min(128, threadMemoryMb),
    threadMemoryMb,
    threadNice: read('thread-nice'),
    sessionIdleMs: read('session-idle'),
    sleepAfterMs: read('sleep-after'),
    sessionMaxAgeMs: read('session-max-age'),
    disconnectGraceMs: read('disconnect-grace'),
    resumeGraceMs: read('resume-grace'),
    cancelGraceMs: read('cancel-grace'),
    cleanupIntervalMs: read('cleanup-interval'),
    maxBodyBytes: read('max-body-bytes'),
    maxRequestsPerSession: read('max-requests-per-session'),
    keepAliveMs: read('keep-alive'),
    progressHeartbeatMs: read('progress-heartbeat'),
    sseAfterMs: read('sse-after'),
    drainTimeoutMs: read('drain-timeout'),
    logLevel: read('log-level'),
    logFormat: read('log-format') ?? (process.stderr.isTTY ? 'pretty' : 'json'),
    roots: Object.freeze(read('root') ?? [resolve(cwd)]),
    allowPrivateNetwork: read('allow-private-network'),
    unbundled: read('unbundled'),
    fastPath: read('fast-path'),
  };
  checkRelations(options, label);
  return Object.freeze(options);
}

function checkRelations(options: ResolvedOptions, label: (name: OptionName) => string): void {
  const { spareThreads, maxThreads, threadHeapMb, threadMemoryMb, host, port, adminHost, adminPort } =
    options;
  if (spareThreads > maxThreads) {
    const most = `${label('max-threads')}, which is ${maxThreads}`;
    throw optionError(`${label('spare-threads')} is ${spareThreads}, but must be at most ${most}.`);
  }
  if (threadHeapMb > threadMemoryMb) {
    const most = `${label('thread-memory-mb')}, which is ${threadMemoryMb}`;
    throw optionError(`${label('thread-heap-mb')} is ${threadHeapMb}, but must be at most ${most}.`);
  }
  if (port !== 0 && port === adminPort && host === adminHost) {
    throw optionError(
      `${label('admin-port')} is ${adminPort}, but must differ from ${label('port')} on the same host.`,
    );
  }
  if (options.token !== undefined || options.insecure) return;
  for (const name of ['host', 'admin-host'] as const) {
    const address = name === 'host' ? host : adminHost;
    if (!isLoopback(address)) {
      throw optionError(
        `${label(name)} is "${address}", which other machines can reach, but must be a loopback address unless a token or insecure is set.`,
      );
    }
  }
}

/**
 * A live session thread takes 13 to 40 MB: 13 to 16 when fresh, more once its tools have run. 48 MiB for each in
 * one half of the memory leaves the other half to the main thread, to child processes and to tools that hold
 * much. At least 4, so that a small machine still isolates; more than 1024 only serve the scheduler.
 * @param totalBytes the machine's memory.
 * @param constrainedBytes the control group's limit; 0, or more than the machine has, where there is none.
 */
export function defaultMaxThreads(totalBytes: number, constrainedBytes: number): number {
  const isLimited =
    Number.isFinite(constrainedBytes) && constrainedBytes > 0 && constrainedBytes < totalBytes;
  const memoryBytes = isLimited ? constrainedBytes : totalBytes;
  return Math.min(1_024, Math.max(4, Math.floor((0.5 * memoryBytes) / (48 * 2 ** 20))));
}
