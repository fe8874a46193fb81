/** Claude Code: `.claude.json` for user and local scope, `.mcp.json` for project scope. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { managedRefusal, readManagedRules } from './claude-managed.js';
import { bearer, type Client, type ServerMap } from './client.js';
import type { Surroundings } from './surroundings.js';

export const claudeCode: Client = {
  name: 'claude-code',
  title: 'Claude Code',
  syntax: 'braces',
  usesCwd: false,

  maps(surroundings) {
    const { home, cwd, environment } = surroundings;
    const file = join(environment.CLAUDE_CONFIG_DIR || home, '.claude.json');
    const project = projectRoot(cwd);
    return [
      { scope: 'local', file, path: ['projects', project, 'mcpServers'], folder: project },
      ...projectFiles(surroundings),
      { scope: 'user', file, path: ['mcpServers'] },
    ];
  },

  remoteEntry(destination) {
    return {
      type: 'http',
      url: destination.url,
      ...bearer(destination),
    };
  },

  rules({ folders }) {
    const rules = readManagedRules(folders.claudeManaged);
    return {
      refusal: (name, url) => managedRefusal(rules, name, url),
      warnings: rules.unreadable.map(
        (file) =>
          `${file} cannot be read: whether the administrator allows these servers over HTTP is not known.`,
      ),
    };
  },
};

/** The key of local scope: the root of the git repository, or the current folder without one. */
function projectRoot(cwd: string): string {
  return foldersUp(cwd).find((folder) => existsSync(join(folder, '.git'))) ?? cwd;
}

/** `.mcp.json` is read from the current folder and from every folder above it; the nearest takes precedence. */
function projectFiles({ cwd }: Surroundings): ServerMap[] {
  return foldersUp(cwd).map((folder) => ({
    scope: 'project',
    file: join(folder, '.mcp.json'),
    path: ['mcpServers'],
    folder,
  }));
}

function foldersUp(from: string): string[] {
  const folders = [from];
  for (let folder = from; dirname(folder) !== folder; ) {
    folder = dirname(folder);
    folders.push(folder);
  }
  return folders;
}
