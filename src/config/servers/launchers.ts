/** Commands that start a package, an image or a file: what they start, and whether they download it first. */
import { basename } from 'node:path';

/** The subcommand with which the command downloads what it starts; `undefined`: it always does. */
const DOWNLOADERS = new Map<string, string | undefined>([
  ['npx', undefined],
  ['bunx', undefined],
  ['pnpx', undefined],
  ['uvx', undefined],
  ['docker', undefined],
  ['podman', undefined],
  ['npm', 'exec'],
  ['pnpm', 'dlx'],
  ['yarn', 'dlx'],
  ['bun', 'x'],
  ['pipx', 'run'],
  ['uv', undefined],
]);
const INTERPRETERS: ReadonlySet<string> = new Set([
  'node',
  'deno',
  'tsx',
  'python',
  'python3',
  'ruby',
  'php',
]);
/** Subcommands, which name nothing that is started. */
const OWN_WORDS: ReadonlySet<string> = new Set(['run', 'tool', 'exec', 'dlx', 'x']);
/** Flags of launchers and interpreters that are followed by a value. */
const FLAGS_WITH_VALUE: ReadonlySet<string> = new Set([
  ...['-p', '--package', '--from', '--with', '--python', '--directory', '--project'],
  ...['-r', '--require', '--import', '--env-file'],
]);

/** `/usr/bin/npx` and `npx.cmd` are `npx`. */
function programOf(command: string): string {
  return basename(command.replaceAll('\\', '/')).replace(/\.(?:exe|cmd|bat|ps1)$/i, '');
}

/** The arguments without flags and their values. */
function operandsOf(args: readonly string[]): string[] {
  return args.filter((argument, index) => {
    return !argument.startsWith('-') && !FLAGS_WITH_VALUE.has(args[index - 1] ?? '');
  });
}

/** Whether the command downloads what it starts, if it is not installed. */
export function downloadsFirst(command: string, args: readonly string[]): boolean {
  const program = programOf(command);
  const word = DOWNLOADERS.get(program);
  return DOWNLOADERS.has(program) && (word === undefined || operandsOf(args)[0] === word);
}

/** What is started, as a person would call it: the package or the file, or else the command. */
export function startedBy(command: string, args: readonly string[]): string {
  const program = programOf(command);
  // Many flags of docker and podman take values, which cannot be distinguished from the name of the image.
  const starts = program !== 'docker' && program !== 'podman' && DOWNLOADERS.has(program);
  if (!starts && !INTERPRETERS.has(program)) return program;
  const started = operandsOf(args).find((operand) => !OWN_WORDS.has(operand));
  return started === undefined ? program : wordOf(started);
}

/** `@scope/server-memory@1.2`, `dist/server-memory.js` and `node_modules/@scope/server-memory/dist/index.js` are `server-memory`. */
function wordOf(started: string): string {
  const installed = installedPackage(started);
  if (installed !== undefined) return installed;
  const versions = [started.indexOf('@', 1), started.indexOf('==')].filter((index) => index > 0);
  const withoutVersion = started.slice(0, Math.min(started.length, ...versions));
  return basename(withoutVersion.replaceAll('\\', '/')).replace(/\.(?:[cm]?[jt]s|py|rb|php)$/i, '');
}

/** The package that a file is in: the files of many servers are called `index.js`. */
function installedPackage(path: string): string | undefined {
  const parts = path.replaceAll('\\', '/').split('/');
  const folder = parts.lastIndexOf('node_modules');
  if (folder === -1) return undefined;
  const [name = '', ...inside] = parts.slice(parts[folder + 1]?.startsWith('@') ? folder + 2 : folder + 1);
  return inside.length > 0 ? name : undefined;
}
