/**
 * How an answer of a server that speaks the session era becomes one of the stateless era (2026-07-28).
 */
import { cut } from './errors.js';
import { type Fields, isFields } from './fields.js';
import { META } from './stateless-protocol.js';

export const DISCOVER = 'server/discover';

/** Results that say how long they may be kept (2026-07-28, Caching). */
const CACHEABLE: ReadonlySet<string> = new Set([
  DISCOVER,
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/**
 * How long an answer may be kept, and by whom. `lasting`: it is the same for every client until the gateway says that it
 * has changed. `single`: it was made for one request.
 */
export type Caching = 'lasting' | 'single';

/** How long clients may keep what lasts, in milliseconds. A change is announced to those that listen. */
const LASTING_TTL_MS = 60 * 60_000;

const CACHE_FIELDS: Readonly<Record<Caching, { readonly ttlMs: number; readonly cacheScope: string }>> = {
  lasting: { ttlMs: LASTING_TTL_MS, cacheScope: 'public' },
  single: { ttlMs: 0, cacheScope: 'private' },
};

/** What `initialize` was answered, as far as the stateless era needs it. */
export interface Introduction {
  readonly serverInfo: unknown;
  readonly capabilities: unknown;
  readonly instructions: unknown;
}

/** @param result of `initialize` */
export function introductionIn(result: unknown): Introduction {
  const { serverInfo, capabilities, instructions } = isFields(result) ? result : {};
  return { serverInfo, capabilities, instructions };
}

/** What a server calls itself (2025-11-25, Lifecycle, `serverInfo`). */
export interface ServerInfo {
  readonly name: string;
  readonly version: string;
}

const MAX_INFO_CHARS = 200;

/**
 * @param result of `initialize`
 * @returns `undefined` if it has no name or no version
 */
export function serverInfoIn(result: unknown): ServerInfo | undefined {
  const { serverInfo } = introductionIn(result);
  if (!isFields(serverInfo)) return undefined;
  const { name, version } = serverInfo;
  if (typeof name !== 'string' || typeof version !== 'string') return undefined;
  return { name: cut(name, MAX_INFO_CHARS), version: cut(version, MAX_INFO_CHARS) };
}

/** The result of `server/discover` (2026-07-28, Discovery). */
export function discoverResult(
  introduction: Introduction,
  supportedVersions: readonly string[],
  caching: Caching,
): Fields {
  const { capabilities, instructions } = introduction;
  const result = {
    supportedVersions,
    capabilities: statelessCapabilities(capabilities),
    ...(instructions !== undefined && { instructions }),
  };
  return statelessResult(DISCOVER, result, introduction, caching);
}

/**
 * A result with the members that this era asks for. What the server has set itself stays.
 * @param result of a server that speaks either era
 */
export function statelessResult(
  method: string,
  result: Fields,
  { serverInfo }: Pick<Introduction, 'serverInfo'>,
  caching: Caching,
): Fields {
  const complete = result.resultType === undefined || result.resultType === 'complete';
  const meta = isFields(result._meta) ? result._meta : {};
  return {
    resultType: 'complete',
    ...(complete && CACHEABLE.has(method) && CACHE_FIELDS[caching]),
    ...result,
    _meta: serverInfo === undefined ? meta : { [META.serverInfo]: serverInfo, ...meta },
  };
}

/** Without tasks, which this era has as an extension with other messages. */
function statelessCapabilities(capabilities: unknown): Fields {
  const { tasks: _tasks, ...rest } = isFields(capabilities) ? capabilities : {};
  return rest;
}
