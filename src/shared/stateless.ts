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

/** Requests that may be answered with questions; with others it MUST NOT be (2026-07-28, Multi Round-Trip Requests). */
export const MAY_ASK: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

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

/**
 * @param text a response to `server/discover`
 * @returns without instructions; `undefined` if it is no JSON, since a module's code may have sent it
 */
export function introductionOf(text: string): Introduction | undefined {
  let response: unknown;
  try {
    response = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { result } = isFields(response) ? response : {};
  const { capabilities, _meta } = isFields(result) ? result : {};
  const serverInfo = isFields(_meta) ? _meta[META.serverInfo] : undefined;
  return { serverInfo, capabilities, instructions: undefined };
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
 * A result with the members that this era asks for. What the server has set itself stays if it means something in this era: in
 * the session era, members of these names are the server's own.
 * @param result of a server that speaks either era
 */
export function statelessResult(
  method: string,
  result: Fields,
  { serverInfo, capabilities }: Partial<Introduction>,
  caching: Caching,
): Fields {
  const meta = isFields(result._meta) ? result._meta : {};
  const resultType = resultTypeOf(method, result, capabilities);
  const cacheable = resultType === 'complete' && CACHEABLE.has(method);
  const given = { resultType, ...(cacheable && cacheFields(result, caching)) };
  return {
    ...given,
    ...result,
    ...given,
    _meta: serverInfo === undefined ? meta : { [META.serverInfo]: serverInfo, ...meta },
  };
}

/** 2026-07-28, Base Protocol, "Results": complete, a question where there may be one, or what an extension defines. */
function resultTypeOf(method: string, result: Fields, capabilities: unknown): string {
  const { resultType, inputRequests, requestState } = result;
  if (typeof resultType !== 'string') return 'complete';
  if (resultType === 'input_required') {
    const asks = MAY_ASK.has(method) && (isFields(inputRequests) || typeof requestState === 'string');
    return asks ? resultType : 'complete';
  }
  const { extensions } = isFields(capabilities) ? capabilities : {};
  return isFields(extensions) && Object.keys(extensions).length > 0 ? resultType : 'complete';
}

/** 2026-07-28, Caching: `ttlMs` is an integer that is not negative, `cacheScope` one of two words. */
function cacheFields({ ttlMs, cacheScope }: Fields, caching: Caching): Fields {
  const otherwise = CACHE_FIELDS[caching];
  return {
    ttlMs: Number.isSafeInteger(ttlMs) && (ttlMs as number) >= 0 ? ttlMs : otherwise.ttlMs,
    cacheScope: cacheScope === 'public' || cacheScope === 'private' ? cacheScope : otherwise.cacheScope,
  };
}

/** Without tasks, which this era has as an extension with other messages. */
function statelessCapabilities(capabilities: unknown): Fields {
  const { tasks: _tasks, ...rest } = isFields(capabilities) ? capabilities : {};
  return rest;
}
