/**
 * The files of a new project. `templates/` has them as a project that runs as it is, under a name that stands for the
 * new one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../../version.js';

export type Language = 'typescript' | 'javascript';

/** The name of the project that the templates are. */
export const TEMPLATE_NAME = 'my-mcp-server';

const TEMPLATES = fileURLToPath(new URL('../../../../templates/', import.meta.url));

/** npm leaves files of these names out of a package, or reads them as its own settings. */
const DOT_FILES: Readonly<Record<string, string>> = {
  gitignore: '.gitignore',
  dockerignore: '.dockerignore',
};

/** @returns the text of each file, by its path in the project, with `/` between folders; sorted by path */
export function projectFiles(name: string, language: Language): Map<string, string> {
  const files = ['common', language].flatMap((folder) => {
    const root = join(TEMPLATES, folder);
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => {
        const inProject = path
          .slice(root.length + 1)
          .split(sep)
          .join('/');
        return [DOT_FILES[inProject] ?? inProject, fill(readFileSync(path, 'utf8'), name, language)] as const;
      });
  });
  const sorted = files.sort(([one], [other]) => (one < other ? -1 : 1));
  return new Map(sorted.map(([path, text]) => [path, path === 'package.json' ? withOwnVersion(text) : text]));
}

function fill(text: string, name: string, language: Language): string {
  const named = text.replaceAll(TEMPLATE_NAME, name);
  return language === 'typescript' ? named : named.replaceAll('server.ts', 'server.js');
}

function withOwnVersion(text: string): string {
  const manifest = JSON.parse(text) as { dependencies: Record<string, string> };
  manifest.dependencies['mcp-bulkhead'] = `^${VERSION}`;
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
