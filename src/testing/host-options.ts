/** What a host is started with. */
import { fromApi, type GatewayOptions, type ResolvedOptions } from '../config/options.js';
import type { ProgramOptions } from '../program-options.js';
import { BulkheadError } from '../shared/errors.js';

/** What a program can give besides options: a host always has its listeners and keeps its log itself. */
type HostExtras = Pick<ProgramOptions, 'metadata' | 'authenticate'>;

/** Options of `createGateway`, with other defaults: free ports, no spare threads, and a log at level `debug`. */
export interface HostOptions extends Omit<GatewayOptions, 'serverModule' | 'logFormat'>, HostExtras {
  /** The server module, as a path from the current folder or a `file:` URL. */
  readonly module?: string | URL | undefined;
}

/** Nobody waits for a spare: the first session starts its thread, as later ones do. */
const DEFAULTS = { port: 0, adminPort: 0, spareThreads: 0, logLevel: 'debug' } as const;

/**
 * @param module the server module, or options that name it
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` with one sentence
 */
export function resolveHostOptions(
  module: string | URL | HostOptions,
  options: HostOptions,
): { readonly resolved: ResolvedOptions; readonly extras: HostExtras } {
  const isModule = typeof module === 'string' || module instanceof URL;
  const {
    module: serverModule,
    metadata,
    authenticate,
    ...rest
  } = isModule ? { ...options, module } : { ...module, ...options };
  if (serverModule === undefined && rest.servers === undefined) {
    throw new BulkheadError(
      'ERR_BULKHEAD_OPTION',
      "A host needs a server: startHost('./server.ts'), or startHost({ servers: { … } }).",
    );
  }
  const given = { ...DEFAULTS, ...rest, ...(serverModule !== undefined && { serverModule }) };
  return { resolved: fromApi({ ...given, logFormat: 'json' }), extras: { metadata, authenticate } };
}
