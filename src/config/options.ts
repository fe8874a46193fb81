/**
 * Options from flags, environment variables, a config file and defaults, in this precedence. They are checked once and
 * then frozen. A wrong value causes one sentence that names the option, the value and what is expected.
 */
import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import { constrainedMemory } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import type { Catalogue } from '../servers/server-entry.js';
import type { BulkheadError } from '../shared/errors.js';
import { didYouMean } from '../shared/nearest.js';
import { checkAuthentication } from './check-authentication.js';
import { checkTls } from './check-tls.js';
import { optionError } from './option-error.js';
import { asHostHeader, isLoopback, isWildcard } from './option-kinds.js';
import {
  type Gathered,
  type GivenOptions,
  gather,
  gatherFromObject,
  type OptionSources,
} from './option-sources.js';
import {
  camelCase,
  kebabCase,
  OPTION_NAMES,
  OPTION_TABLE,
  OPTIONS,
  type OptionName,
  type OptionSchemas,
  resolvedName,
  TEXT_OPTION_NAMES,
  variableName,
} from './option-table.js';
import { mistakeInServersOf } from './rule-kinds.js';
import type { ServerOptions } from './servers/entry-keys.js';
import { isClientFile, readClientFile } from './servers/given-servers.js';
import { catalogueOfCommand, catalogueOfModule, catalogueOfServers } from './servers/read-catalogue.js';
import { START_TIMEOUT_MS } from './servers/read-entry.js';

/** The options of `createGateway`. All are optional; docs/options.md has their defaults and meanings. */
export interface GatewayOptions extends GivenToGateway {
  /** The servers by their names, instead of `serverModule`; each is at `/<name>/mcp`. Relative paths start from the current folder. */
  readonly servers?: Readonly<Record<string, ServerOptions>> | undefined;
}

/** A mapped type over the schemas themselves, without renaming, so that their docstrings are kept. */
type GivenToGateway = {
  readonly [Name in keyof OptionSchemas]?: z.input<OptionSchemas[Name]> | undefined;
};

type SuffixOf<Schema> = Schema extends { readonly suffix?: infer Suffix extends string } ? Suffix : '';

/** As the schemas return them: an option whose default depends on others is `undefined` if it was not given. */
type CheckedOptions = {
  readonly [Name in keyof OptionSchemas as `${Name}${SuffixOf<OptionSchemas[Name]>}`]: z.output<
    OptionSchemas[Name]
  >;
};

type DependentDefaults = ReturnType<typeof dependentDefaults>;

/** All options, checked and deeply frozen. Names of bare numbers contain the unit. */
export interface ResolvedOptions extends Omit<CheckedOptions, keyof DependentDefaults>, DependentDefaults {
  /** Everything that is served. */
  readonly catalogue: Catalogue;
}

const LOOPBACK_NAMES: readonly string[] = Object.freeze(['localhost', '127.0.0.1', '[::1]']);

/**
 * Options of the command line.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` with one sentence
 */
export function resolveOptions(sources: OptionSources): ResolvedOptions {
  return check(gather(sources), sources);
}

/**
 * Options of `createGateway`. Environment variables and config files are not used, except for `${VAR}` in the entries
 * of servers.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` with one sentence
 */
export function fromApi(options: GatewayOptions = {}, exposure: Exposure = {}): ResolvedOptions {
  const cwd = process.cwd();
  return check(gatherFromObject(options, cwd), { cwd, environment: process.env }, exposure);
}

/** What a program says about the listeners, besides options. */
export interface Exposure {
  /** Whether the MCP listener is not opened. */
  readonly mcpClosed?: boolean;
  /** Whether the program finds out itself who asks. */
  readonly mcpGuarded?: boolean;
  /** Whether the admin listener is not opened. */
  readonly adminClosed?: boolean;
}

/**
 * What is not wrong but probably not intended, as sentences: variables that look like options; a host that other
 * machines reach while only loopback names are allowed. The gateway itself logs what is to be said about servers.
 */
export function optionWarnings(
  environment: Readonly<Record<string, string | undefined>>,
  options: ResolvedOptions,
): string[] {
  const known = new Set(['BULKHEAD_CONFIG', ...TEXT_OPTION_NAMES.map(variableName)]);
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

/** @throws {BulkheadError} for the first option that is wrong */
function checkEach(given: GivenOptions): CheckedOptions {
  const written = [...given].map(([name, { raw, folder }]) => {
    return [camelCase(name), OPTION_TABLE[name].absolute?.(raw, folder) ?? raw];
  });
  const result = OPTIONS.safeParse(Object.fromEntries(written));
  if (!result.success) throw wrongOption(given, result.error.issues[0]?.path ?? []);
  const values: Readonly<Record<string, unknown>> = result.data;
  const resolved = OPTION_NAMES.map((name) => [resolvedName(name), values[camelCase(name)]]);
  return Object.fromEntries(resolved) as CheckedOptions;
}

/** @param path the key of the option, and the index in its list */
function wrongOption(given: GivenOptions, [key, index]: readonly PropertyKey[]): BulkheadError {
  const name = kebabCase(String(key)) as OptionName;
  const { secret, expected, fault } = OPTION_TABLE[name];
  const { label = name, raw } = given.get(name) ?? {};
  const part = fault?.(raw);
  if (part !== undefined) return optionError(`${label}: ${part}`);
  const wrong = Array.isArray(raw) && typeof index === 'number' ? raw[index] : raw;
  const shown = secret === true ? 'a value that is not shown here' : (JSON.stringify(wrong) ?? String(wrong));
  return optionError(`${label} is ${shown}, but must be ${expected}.`);
}

/** Defaults that depend on other options, on the machine, or on the folder in which the gateway was started. */
function dependentDefaults(options: CheckedOptions, cwd: string) {
  const { host } = options;
  const maxThreads = options.maxThreads ?? defaultMaxThreads(totalmem(), constrainedMemory());
  const threadMemoryMb = options.threadMemoryMb ?? Math.max(512, options.threadHeapMb ?? 0);
  const { hostname } = options.publicUrl ?? {};
  const ownNames = new Set([
    ...LOOPBACK_NAMES,
    ...(isWildcard(host) ? [] : [asHostHeader(host)]),
    ...(hostname === undefined ? [] : [hostname]),
  ]);
  return {
    /** In the form of a `Host` header: lower case, IPv6 in brackets. Without a port, any port is allowed. */
    allowedHosts: options.allowedHosts ?? Object.freeze([...ownNames]),
    /** Host names as above, which allow any scheme; whole origins such as `https://app.example:8443`; or `null`. */
    allowedOrigins:
      options.allowedOrigins ??
      Object.freeze([...new Set([...LOOPBACK_NAMES, ...(hostname === undefined ? [] : [hostname])])]),
    maxThreads,
    /** At most `maxThreads`. */
    spareThreads: options.spareThreads ?? Math.min(2, maxThreads),
    /** At most `threadMemoryMb`. */
    threadHeapMb: options.threadHeapMb ?? Math.min(128, threadMemoryMb),
    threadMemoryMb,
    maxProcesses: options.maxProcesses ?? defaultMaxProcesses(totalmem(), constrainedMemory()),
    /** For a server that has none of its own. */
    startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
    logFormat: options.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json'),
    errors: options.errors ?? (process.stderr.isTTY || options.logLevel === 'debug' ? 'full' : 'message'),
    /** Absolute folders, symbolic links resolved. */
    roots: options.roots ?? Object.freeze([resolve(cwd)]),
  } as const;
}

function check(given: Gathered, sources: OptionSources, exposure: Exposure = {}): ResolvedOptions {
  const checked = checkEach(given.options);
  const options = { ...checked, ...dependentDefaults(checked, sources.cwd) };
  checkRelations(options, (name) => given.options.get(name)?.label ?? name, exposure);
  const catalogue = catalogueOf(given, sources, options, checked.startTimeoutMs);
  const names = [...catalogue.servers, ...catalogue.broken].map(({ name }) => name);
  const mistake = mistakeInServersOf(options.rules, names);
  if (mistake !== undefined) throw optionError(`${given.options.get('rules')?.label ?? 'rules'}: ${mistake}`);
  const [only] = catalogue.servers;
  const serverModule = catalogue.single && only?.kind === 'module' ? only.moduleUrl : undefined;
  return Object.freeze({ ...options, serverModule, catalogue });
}

/** @param startTimeoutMs as it was given */
function catalogueOf(
  given: Gathered,
  { cwd, environment = {}, command }: OptionSources,
  options: Omit<ResolvedOptions, 'catalogue'>,
  startTimeoutMs: number | undefined,
): Catalogue {
  const { serverModule, strict, isolation, processMemoryMb, threadHeapMb, threadMemoryMb } = options;
  const hasSecrets = options.secrets !== undefined || options.secretsCommand !== undefined;
  const gateway = { startTimeoutMs, isolation, processMemoryMb, hasSecrets, threadHeapMb, threadMemoryMb };
  if (command !== undefined) return catalogueOfCommand(command, cwd, gateway);
  const context = { strict, environment, gateway };
  if (given.servers !== undefined) return catalogueOfServers(given.servers, context);
  const path = serverModule === undefined ? undefined : fileURLToPath(serverModule);
  if (path !== undefined && isClientFile(path)) {
    return catalogueOfServers(readClientFile(path, String(given.options.get('server-module')?.raw)), context);
  }
  return catalogueOfModule(serverModule, cwd, gateway);
}

function checkRelations(
  options: Omit<ResolvedOptions, 'catalogue'>,
  label: (name: OptionName) => string,
  { mcpClosed = false, mcpGuarded = false, adminClosed = false }: Exposure,
): void {
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
  if (port !== 0 && port === adminPort && host === adminHost && !adminClosed) {
    throw optionError(
      `${label('admin-port')} is ${adminPort}, but must differ from ${label('port')} on the same host.`,
    );
  }
  checkAuthentication(options, label, mcpClosed);
  checkTls(options, label);
  for (const name of ['audit-required', 'audit-arguments', 'audit-redact'] as const) {
    const { [camelCase(name) as 'auditRequired']: value } = options;
    if (options.auditLog === undefined && value !== undefined && value !== false)
      throw optionError(`${label(name)} needs audit-log, which says where to record.`);
  }
  if (options.token !== undefined || options.insecure) return;
  const { tokensFile, authIssuer, tlsClientCa, adminTlsClientCa } = options;
  const mcpIsGuarded =
    mcpClosed ||
    mcpGuarded ||
    tokensFile !== undefined ||
    authIssuer !== undefined ||
    tlsClientCa !== undefined;
  if (!isLoopback(host) && !mcpIsGuarded)
    throw optionError(
      `${label('host')} is "${host}", which other machines can reach, but must be a loopback address unless token, tokens-file, auth-issuer, tls-client-ca or insecure is set.`,
    );
  if (!isLoopback(adminHost) && !adminClosed && adminTlsClientCa === undefined)
    throw optionError(
      `${label('admin-host')} is "${adminHost}", which other machines can reach, but must be a loopback address unless token, admin-tls-client-ca or insecure is set.`,
    );
}

/**
 * A live session thread takes 13 to 40 MB: 13 to 16 when it is new, more once its tools have run. With 48 MiB for each
 * in one half of the memory, the other half is left for the main thread, for child processes and for tools that need
 * much. At least 4, so that a small machine still isolates sessions; more than 1,024 would only burden the scheduler.
 * @param totalBytes the machine's memory
 * @param constrainedBytes the limit of the control group; without one, 0 or more than the machine has
 */
export function defaultMaxThreads(totalBytes: number, constrainedBytes: number): number {
  const memoryBytes = availableBytes(totalBytes, constrainedBytes);
  return Math.min(1_024, Math.max(4, Math.floor((0.5 * memoryBytes) / (48 * 2 ** 20))));
}

/**
 * A Node program that speaks stdio takes 30 MiB when it is new, and more with what it loads, such as a client of a
 * browser. So 64 MiB for each in one quarter of the memory. Threads have one half, and the main thread and the page
 * cache have the last quarter. At least 8, so that a small machine can serve a list of servers; more than 500 would
 * only fill the system's process table.
 * @param totalBytes as for `defaultMaxThreads`
 * @param constrainedBytes as for `defaultMaxThreads`
 */
export function defaultMaxProcesses(totalBytes: number, constrainedBytes: number): number {
  const memoryBytes = availableBytes(totalBytes, constrainedBytes);
  return Math.min(500, Math.max(8, Math.floor((0.25 * memoryBytes) / (64 * 2 ** 20))));
}

function availableBytes(totalBytes: number, constrainedBytes: number): number {
  const isLimited =
    Number.isFinite(constrainedBytes) && constrainedBytes > 0 && constrainedBytes < totalBytes;
  return isLimited ? constrainedBytes : totalBytes;
}
