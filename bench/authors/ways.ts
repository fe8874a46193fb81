/** The ways to write an MCP server in JavaScript that are compared: what an author types, and what an author writes. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The sources: they are copied, not compiled. */
const PROJECTS = fileURLToPath(new URL('../../../bench/authors/projects/', import.meta.url));
/** Each project's module imports it: its schema and its function are what the mistakes are made in. */
export const GREETING = 'greeting.mjs';
const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0';

export interface Way {
  readonly name: string;
  /** The packages that are installed, with versions. */
  readonly packages: readonly string[];
  /** Typed before the packages are installed. */
  readonly begin: readonly string[];
  /** The folder that `begin` makes, if it makes one; the author has written nothing in it. */
  readonly made?: string;
  /** Written by hand before the first call, and before the first test; of the project's folder. */
  readonly files: readonly string[];
  readonly testFiles: readonly string[];
  readonly call: readonly string[];
  readonly test: readonly string[];
  /** Serves over HTTP and takes up what is saved. */
  serve(port: number): readonly string[];
  /** Needed for that, besides `files`. */
  readonly serveFiles: readonly string[];
}

/** A project that no command makes. */
const BY_HAND = {
  begin: ['npm', 'init', '-y'],
  files: ['server.mjs', 'main.mjs', GREETING],
  testFiles: ['server.test.mjs'],
  test: ['node', '--test'],
} as const;

/** @param tarball the packed project */
export function waysOf(tarball: string): readonly Way[] {
  const inspect = (main: string): readonly string[] => [
    ...['npx', '-y', INSPECTOR, '--cli', 'node', main],
    ...['--method', 'tools/call', '--tool-name', 'greet', '--tool-arg', 'name=Ada'],
  ];
  return [
    {
      name: 'mcp-bulkhead',
      packages: [tarball],
      begin: ['npx', '-y', '-p', tarball, 'bulkhead', 'init', 'greeter', '--js', '--yes'],
      made: 'greeter',
      files: [],
      testFiles: [],
      call: ['npx', 'bulkhead', 'call', './src/server.js', 'greet', '--arg', 'name=Ada'],
      test: ['npm', 'test'],
      serve: (port) => [
        ...['npx', 'bulkhead', 'serve', 'server.mjs', '--watch'],
        ...['--port', String(port), '--admin-port', '0'],
        // As on a terminal, which these servers' output is not.
        ...['--log-format', 'pretty', '--errors', 'full'],
      ],
      serveFiles: ['server.mjs', GREETING],
    },
    {
      name: 'fastmcp',
      // Without tsx of its own, the server that `fastmcp dev` starts ends at npx's question.
      packages: ['fastmcp@4.20.16', 'zod@4.6.7', 'tsx@4.23.15'],
      ...BY_HAND,
      call: ['npx', 'fastmcp', 'dev', 'main.mjs', '--tool', 'greet', '--args', '{"name":"Ada"}'],
      serve: (port) => ['node', '--watch', 'main.mjs', String(port)],
      serveFiles: [],
    },
    {
      name: 'SDK 1',
      packages: ['@modelcontextprotocol/sdk@1.32.2', 'zod@4.6.7'],
      ...BY_HAND,
      call: inspect('main.mjs'),
      serve: (port) => ['node', '--watch', 'http.mjs', String(port)],
      serveFiles: ['http.mjs'],
    },
    {
      name: 'SDK 2',
      packages: [
        '@modelcontextprotocol/server@2.4.0',
        '@modelcontextprotocol/client@2.4.0',
        '@modelcontextprotocol/node@2.1.2',
        'zod@4.6.7',
      ],
      ...BY_HAND,
      call: inspect('main.mjs'),
      serve: (port) => ['node', '--watch', 'http.mjs', String(port)],
      serveFiles: ['http.mjs'],
    },
  ];
}

/** The text of a file of a way's project. */
export function sourceOf({ name }: Way, file: string): string {
  const folder = file === GREETING ? '' : `${name.toLowerCase().replace('mcp-', '').replace(' ', '-')}/`;
  return readFileSync(`${PROJECTS}${folder}${file}`, 'utf8');
}

/** Lines that an author types into files. */
export function linesOf(way: Way, files: readonly string[]): number {
  return files.reduce((sum, file) => sum + sourceOf(way, file).trimEnd().split('\n').length, 0);
}
