/** The JavaScript and TypeScript of the documentation, as files that can be served, run and type-checked. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Block, blocksOf, PAGES } from './pages.js';
import { buildRoot, projectRoot } from './project.js';
import { bulkheadArguments, commandsOf, typedIn } from './shell-lines.js';

export interface CodeFile {
  readonly place: string;
  /** Unique, and fit for the name of a server. */
  readonly name: string;
  /** Absolute. All blocks of a page are in one folder, from which its programs run. */
  readonly path: string;
  readonly folder: string;
  readonly code: string;
  /** The calls in the shell session right after the block. */
  readonly calls: readonly ShownCall[];
}

/** A command line of `bulkhead` that ends by itself, and what it prints. */
export interface ShownCall {
  readonly args: readonly string[];
  readonly output: string;
}

const TRIED = new Set(['call', 'list', 'read', 'prompt']);

/** Where a page's files are. Inside of the project, where `mcp-bulkhead` is the project itself. */
export function writeCode(): { readonly root: string; readonly files: readonly CodeFile[]; remove(): void } {
  const root = mkdtempSync(join(buildRoot, 'page-code-'));
  const files = PAGES.flatMap((page) => filesOf(page, root));
  for (const { path, code } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
  }
  for (const folder of new Set(files.map((file) => file.folder)))
    symlinkSync(join(projectRoot, 'examples'), join(folder, 'examples'));
  return { root, files, remove: () => rmSync(root, { recursive: true, force: true }) };
}

function filesOf(page: string, root: string): CodeFile[] {
  const pageName = page.replace(/\.md$/, '').replaceAll(/\W+/g, '-');
  const folder = join(root, pageName);
  return blocksOf(page).flatMap(({ language, code, line, place, file }, index, blocks) => {
    if (language !== 'js' && language !== 'ts') return [];
    const path = join(folder, file ?? `line-${line}.m${language}`);
    return [{ place, name: `${pageName}-${line}`, path, folder, code, calls: callsIn(blocks[index + 1]) }];
  });
}

function callsIn(block: Block | undefined): ShownCall[] {
  if (block?.language !== 'console') return [];
  return typedIn(block.code).flatMap(({ line, output }) => {
    const [words = [], ...more] = commandsOf(line);
    const args = bulkheadArguments(words);
    return args && more.length === 0 && TRIED.has(args[0] ?? '') ? [{ args, output }] : [];
  });
}
