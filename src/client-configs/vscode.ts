/** VS Code: `servers` in `.vscode/mcp.json` of the workspace, and in `mcp.json` of the user's profiles. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bearer, type Client, type ServerMap } from './client.js';

/** Folders of the stable version and of the preview. */
const EDITIONS = ['Code', 'Code - Insiders'];

export const vscode: Client = {
  name: 'vscode',
  title: 'VS Code',
  syntax: 'vscode',
  usesCwd: true,

  maps(surroundings) {
    const { cwd, folders } = surroundings;
    const path = ['servers'];
    return [
      { scope: 'project', file: join(cwd, '.vscode', 'mcp.json'), path, folder: cwd },
      ...EDITIONS.flatMap((edition) => userFiles(join(folders.configuration, edition, 'User'))),
    ];
  },

  remoteEntry(destination) {
    return {
      type: 'http',
      url: destination.url,
      ...bearer(destination, 'env:'),
    };
  },

  refusal: editorRefusal,
};

/** Things that an editor does for a command and that would silently be lost. */
export function editorRefusal(entry: Readonly<Record<string, unknown>>): string | undefined {
  if (entry.sandboxEnabled !== true && typeof entry.envFile !== 'string') return undefined;
  return entry.sandboxEnabled === true
    ? 'the editor runs it in a sandbox ("sandboxEnabled"), which the gateway does not have'
    : 'its variables come from a file ("envFile"), which the gateway does not read: name them in "env", each as a variable, and drop "envFile"';
}

/** The default profile's file, and one for each other profile. */
function userFiles(folder: string): ServerMap[] {
  const profiles = join(folder, 'profiles');
  return [folder, ...subfolders(profiles)].map((place) => ({
    scope: 'user',
    file: join(place, 'mcp.json'),
    path: ['servers'],
  }));
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch {
    // There is none, or it cannot be read, and then its files cannot be read either.
    return [];
  }
}
