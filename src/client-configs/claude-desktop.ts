/** Claude Desktop: one file, and only commands. After a move, its entries run `bulkhead bridge`. */
import { join } from 'node:path';
import type { Client } from './client.js';

export const claudeDesktop: Client = {
  name: 'claude-desktop',
  title: 'Claude Desktop',
  syntax: 'none',
  usesCwd: false,

  maps({ folders }) {
    const file = join(folders.configuration, 'Claude', 'claude_desktop_config.json');
    return [{ scope: 'user', file, path: ['mcpServers'] }];
  },

  remoteEntry({ url, bridge: [command, ...args] }) {
    return { command, args: [...args, 'bridge', url] };
  },
};
