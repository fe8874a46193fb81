/** The built-in server: what a client may learn about the machine on which the gateway runs. */
import type { SetupDefinition } from '../../src/shared/define-server.js';
import type { EnvironmentOptions } from '../../src/shared/thread-start.js';
import { registerEnvironmentInfoTool } from './environment-info.js';
import { registerFileTools } from './file-tools.js';
import { registerHttpRequestTool } from './http-request.js';
import { RootFolders } from './root-folders.js';
import { registerSearchTool } from './search-files.js';
import { registerSessionTools } from './session-tools.js';

const ENVIRONMENT_VERSION = '0.1.0';

/**
 * The definition of the built-in environment server. It only reads, except for `http_request`, and nothing that a
 * client sends reaches a shell.
 */
export function environmentServer(options: EnvironmentOptions): SetupDefinition {
  const roots = new RootFolders(options.roots);
  return {
    name: 'environment',
    version: ENVIRONMENT_VERSION,
    title: 'Environment',
    lists: 'static',
    affinity: 'request',
    instructions:
      'Tools for the machine that this server runs on. environment_info tells its system, disks and tool versions; ' +
      `list_directory, read_file and search_files read inside ${roots.describe()}; ` +
      'http_request sends a request from there; session_info tells about this connection.',
    setup(server, session) {
      // A load test without a mix calls the first tool without arguments, so that should be a cheap one.
      registerSessionTools(server, session);
      registerEnvironmentInfoTool(server, session, options.roots);
      registerFileTools(server, roots);
      registerSearchTool(server, roots);
      registerHttpRequestTool(server, options.allowPrivateNetwork);
    },
  };
}
