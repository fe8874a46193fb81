/** Kiro: `.kiro/settings/mcp.json` in the home folder and in the workspace; an entry over HTTP has `url`. */
import { join } from 'node:path';
import { bearer, type Client } from './client.js';

export const kiro: Client = {
  name: 'kiro',
  title: 'Kiro',
  syntax: 'braces',
  usesCwd: false,

  maps({ home, cwd }) {
    const path = ['mcpServers'];
    return [
      { scope: 'project', file: join(cwd, '.kiro', 'settings', 'mcp.json'), path, folder: cwd },
      { scope: 'user', file: join(home, '.kiro', 'settings', 'mcp.json'), path },
    ];
  },

  remoteEntry(destination) {
    return { url: destination.url, ...bearer(destination) };
  },
};
