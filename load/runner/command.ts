import { fileURLToPath } from 'node:url';

/** The built command `bulkhead`. */
export const COMMAND = fileURLToPath(new URL('../../src/bin.cjs', import.meta.url));

/**
 * The environment variables without those that configure a gateway: scenarios state every difference from the defaults.
 */
export function childEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BULKHEAD_')));
}
