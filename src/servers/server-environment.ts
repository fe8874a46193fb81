/** The environments of servers. That of a program: the few variables that any program needs, and what its entry says. */
import { OWN_VARIABLE, SECRET_VARIABLES } from '../shared/own-variables.js';
import { WINDOWS_VARIABLES } from '../shared/platform/windows.js';
import type { ServerEntry } from './server-entry.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where programs are found, who the user is, where files go, and the language. None of it is a secret. */
export const USUAL_VARIABLES: readonly string[] = [
  'PATH',
  'HOME',
  'LANG',
  'TMPDIR',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
];
const LOCALE_VARIABLE = /^LC_/;

/**
 * The environment with which a server's process starts. The gateway's own variables (`BULKHEAD_…`) are never inherited.
 * What depends on the principal is left out, inherited or not.
 * @param gatewayEnvironment the environment of the gateway's process
 */
export function environmentFor(
  { env, personal, inheritEnv }: Pick<ServerEntry, 'env' | 'personal' | 'inheritEnv'>,
  gatewayEnvironment: Environment,
  platform: NodeJS.Platform = process.platform,
): Record<string, string> {
  // Windows does not distinguish upper and lower case: `Path` is `PATH`, and only one of them may be set.
  const caseOf = (name: string): string => (platform === 'win32' ? name.toUpperCase() : name);
  const usual = platform === 'win32' ? [...USUAL_VARIABLES, ...WINDOWS_VARIABLES] : USUAL_VARIABLES;
  const wanted = new Set([...usual, ...(inheritEnv === true ? [] : inheritEnv)].map(caseOf));
  const environment = new Map<string, readonly [name: string, value: string]>();
  for (const [name, value] of Object.entries(gatewayEnvironment)) {
    const isWanted = inheritEnv === true || wanted.has(caseOf(name)) || LOCALE_VARIABLE.test(name);
    if (value !== undefined && isWanted && !OWN_VARIABLE.test(name)) {
      environment.set(caseOf(name), [name, value]);
    }
  }
  for (const [name, value] of Object.entries(env)) environment.set(caseOf(name), [name, value]);
  for (const name of Object.keys(personal ?? {})) environment.delete(caseOf(name));
  return Object.fromEntries(environment.values());
}

/**
 * The environment of a server module: that of the gateway, except its secrets, and what its entry says. A module is code
 * for this gateway, and may read what the gateway was started with.
 */
export function environmentForModule(
  { env }: Pick<ServerEntry, 'env'>,
  gatewayEnvironment: Environment,
): Record<string, string | undefined> {
  const known = Object.entries(gatewayEnvironment).filter(([name]) => !SECRET_VARIABLES.includes(name));
  return { ...Object.fromEntries(known), ...env };
}
