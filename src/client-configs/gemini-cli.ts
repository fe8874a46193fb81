/** Gemini CLI: `settings.json` in `.gemini` of the home folder and of the project; Streamable HTTP is `httpUrl`. */
import { join } from 'node:path';
import { bearer, type Client } from './client.js';

export const geminiCli: Client = {
  name: 'gemini-cli',
  title: 'Gemini CLI',
  syntax: 'shell',
  usesCwd: true,

  maps({ home, cwd }) {
    const path = ['mcpServers'];
    return [
      { scope: 'project', file: join(cwd, '.gemini', 'settings.json'), path, folder: cwd },
      { scope: 'user', file: join(home, '.gemini', 'settings.json'), path },
    ];
  },

  remoteEntry(destination) {
    return { httpUrl: destination.url, ...bearer(destination) };
  },
};
