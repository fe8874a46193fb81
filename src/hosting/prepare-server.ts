/** How a server of each kind is prepared. */
import type { ServerEntry } from '../servers/server-entry.js';
import { prepareModule } from './module-version.js';
import { prepareProcesses, prepareThreads } from './program-version.js';
import type { HostingResources, Purpose, ServerVersion } from './server-version.js';

/**
 * Prepares a server: reads and bundles its code, and tries it out.
 * @throws {BulkheadError} with one sentence, if the server cannot be served; nothing of the version is left then
 */
export function prepareServer(
  entry: ServerEntry,
  resources: HostingResources,
  purpose: Purpose,
): Promise<ServerVersion> {
  switch (entry.kind) {
    case 'module':
      return prepareModule(entry, resources, purpose);
    case 'script':
      return entry.isolation === 'thread'
        ? prepareThreads(entry, resources, purpose)
        : prepareProcesses(entry, resources, purpose);
    case 'command':
      return prepareProcesses(entry, resources, purpose);
    default:
      return entry satisfies never;
  }
}
