/** Windsurf: one file; an entry over HTTP has `serverUrl`. */
import { join } from 'node:path';
import { bearer, type Client } from './client.js';

export const windsurf: Client = {
  name: 'windsurf',
  title: 'Windsurf',
  syntax: 'vscode',
  usesCwd: false,

  maps({ home }) {
    // The plugin for other editors reads the second one.
    return [join('windsurf', 'mcp_config.json'), 'mcp_config.json'].map((file) => ({
      scope: 'user',
      file: join(home, '.codeium', file),
      path: ['mcpServers'],
    }));
  },

  remoteEntry(destination) {
    return {
      serverUrl: destination.url,
      ...bearer(destination, 'env:'),
    };
  },
};
