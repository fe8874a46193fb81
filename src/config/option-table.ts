/**
 * All options. Flags, environment variables, keys of the config file and of `createGateway`, the help text, the tables
 * of the documentation and the JSON Schema are derived from the sections that are combined here.
 */
import { z } from 'zod';
import { type OptionRow, rowOf } from './option.js';
import { authenticationOptions } from './sections/authentication.js';
import { capacityOptions } from './sections/capacity.js';
import { listenerOptions } from './sections/listeners.js';
import { loggingOptions } from './sections/logging.js';
import { quotaOptions } from './sections/quotas.js';
import { requestOptions } from './sections/requests.js';
import { ruleOptions } from './sections/rules.js';
import { securityOptions } from './sections/security.js';
import { serverOptions } from './sections/server.js';
import { sessionOptions } from './sections/sessions.js';
import { tlsOptions } from './sections/tls.js';

/** The command's argument comes first. */
const { serverModule, ...otherServerOptions } = serverOptions;

/** In the order of the help text, by name in camelCase. */
export const OPTIONS = z.object({
  serverModule,
  ...listenerOptions,
  ...authenticationOptions,
  ...tlsOptions,
  ...ruleOptions,
  ...securityOptions,
  ...capacityOptions,
  ...quotaOptions,
  ...sessionOptions,
  ...requestOptions,
  ...loggingOptions,
  ...otherServerOptions,
});

/** By name in camelCase, with the docstrings of the sections, which a zod object type would lose. */
export type OptionSchemas = typeof listenerOptions &
  typeof authenticationOptions &
  typeof tlsOptions &
  typeof ruleOptions &
  typeof securityOptions &
  typeof capacityOptions &
  typeof quotaOptions &
  typeof sessionOptions &
  typeof requestOptions &
  typeof loggingOptions &
  typeof serverOptions;
export type OptionName = KebabCase<keyof OptionSchemas>;
export const OPTION_NAMES = Object.keys(OPTIONS.shape).map(kebabCase) as readonly OptionName[];
export const OPTION_TABLE = Object.fromEntries(
  Object.entries(OPTIONS.shape).map(([key, schema]) => [kebabCase(key), rowOf(schema)]),
) as Readonly<Record<OptionName, OptionRow>>;

/** Those that can be written as text, in flags and variables. */
export const TEXT_OPTION_NAMES = OPTION_NAMES.filter((name) => OPTION_TABLE[name].structured !== true);

type KebabCase<Name extends string> = Name extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `-${Lowercase<Head>}`}${KebabCase<Tail>}`
  : Name;

/** `sessionIdle` as `session-idle`. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `session-idle` as `sessionIdle`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}

/** `session-idle` as `BULKHEAD_SESSION_IDLE`. */
export function variableName(name: string): string {
  return `BULKHEAD_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** `session-idle` as `sessionIdleMs`, `root` as `roots`. */
export function resolvedName(name: OptionName): string {
  return `${camelCase(name)}${OPTION_TABLE[name].suffix ?? ''}`;
}
