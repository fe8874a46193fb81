/** Cursor: `.cursor/mcp.json` in the home folder and in the project. An entry with `url` needs no `type`. */
import { join } from 'node:path';
import { bearer, type Client } from './client.js';
import { editorRefusal } from './vscode.js';

export const cursor: Client = {
  name: 'cursor',
  title: 'Cursor',
  syntax: 'vscode',
  usesCwd: false,

  maps({ home, cwd }) {
    return [
      { scope: 'project', file: join(cwd, '.cursor', 'mcp.json'), path: ['mcpServers'], folder: cwd },
      { scope: 'user', file: join(home, '.cursor', 'mcp.json'), path: ['mcpServers'] },
    ];
  },

  remoteEntry(destination) {
    return { url: destination.url, ...bearer(destination, 'env:') };
  },

  refusal: editorRefusal,
};
