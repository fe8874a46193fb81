/** The JavaScript and TypeScript of the documentation, as files that can be served, run and type-checked. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { runCliHere } from './cli-in-process.js';
import { runCli } from './cli-process.js';
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

/**
 * vitest is not installed, nor are its types. Node 20 has no `node:sqlite`. fastmcp takes seconds to import, and
 * create-server.test.ts serves one.
 */
const NOT_HERE = /from '(?:vitest|node:sqlite|fastmcp)'/;
const TRIED = new Set(['call', 'list', 'read', 'prompt']);

/** Where a page's files are. Inside of the project, where `mcp-bulkhead` is the project itself. */
export function writeCode(): { readonly root: string; readonly files: readonly CodeFile[]; remove(): void } {
  const root = mkdtempSync(join(buildRoot, 'page-code-'));
  const files = PAGES.flatMap((page) => filesOf(page, root)).filter(({ code }) => !NOT_HERE.test(code));
  for (const { path, code } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
  }
  for (const folder of new Set(files.map((file) => file.folder))) {
    // Which a reader has copied there.
    const greeter = join(folder, 'greeter.mjs');
    if (!existsSync(greeter)) symlinkSync(join(projectRoot, 'examples/greeter.mjs'), greeter);
  }
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

/** A file of configuration has a default export as well. */
export function isServer({ code, path }: CodeFile): boolean {
  return /^export default\b/m.test(code) && !path.includes('.config.');
}

/** What was shown, with `…` for lines that are left out. */
function shown(output: string): RegExp {
  const parts = output.split(/^…\n/m).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('(?:.*\n)*')}$`);
}

/**
 * Makes the call and compares what it prints.
 * @param address the address in place of the one that the page shows
 */
export async function check(
  { args, output }: ShownCall,
  address: (shownUrl: URL) => string,
  cwd: string,
): Promise<void> {
  const isUrl = (arg: string) => /^https?:/.test(arg);
  const given = args.map((arg) => (isUrl(arg) ? address(new URL(arg)) : arg));
  const exit = await (args.some(isUrl) ? runCliHere(given) : runCli(given, { cwd }));
  expect(exit.stdout, `bulkhead ${args.join(' ')}: ${exit.stderr}`).to.match(shown(output));
  expect(exit.code).to.equal(0);
}
