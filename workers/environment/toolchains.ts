/** Which compilers, interpreters and build tools there are, asked by running each with its version flag. */
import { parse } from 'node:path';
import type { Session } from '../../src/shared/define-server.js';

/**
 * Tools that answer without reading the network or a project. Launchers that may download what they stand for,
 * such as corepack's `yarn`, are not among them.
 */
const COMMANDS: readonly (readonly [command: string, ...args: string[]])[] = [
  ['node', '--version'],
  ['npm', '--version'],
  ['bun', '--version'],
  ['deno', '--version'],
  ['git', '--version'],
  ['python3', '--version'],
  ['pip3', '--version'],
  ['uv', '--version'],
  ['gcc', '--version'],
  ['g++', '--version'],
  ['clang', '--version'],
  ['make', '--version'],
  ['cmake', '--version'],
  ['cargo', '--version'],
  ['rustc', '--version'],
  ['go', 'version'],
  ['java', '-version'],
  ['ruby', '--version'],
  ['docker', '--version'],
];

/** How many run at once: a session may have 64 child processes, and several calls may run together. */
const PARALLEL = 8;
const MAX_OUTPUT_CHARACTERS = 4_096;
const VERSION = /\d{1,9}(?:\.\d+)+[\w.+-]*/;

export const TOOLCHAIN_TIMEOUT_MS = 5_000;

/**
 * Version by command; null for a command that is missing, fails or is silent for `timeoutMs`.
 * @throws the signal's reason when it aborts; what runs is killed first.
 */
export async function readToolchains(
  session: Pick<Session, 'spawn'>,
  signal: AbortSignal,
  timeoutMs = TOOLCHAIN_TIMEOUT_MS,
): Promise<Record<string, string | null>> {
  const versions: Record<string, string | null> = {};
  for (const [command] of COMMANDS) versions[command] = null;
  const waiting = COMMANDS.values();
  const runNext = async (): Promise<void> => {
    for (const [command, ...args] of waiting) {
      signal.throwIfAborted();
      versions[command] = await readVersion(session, command, args, signal, timeoutMs);
    }
  };
  // All of them end before the call does, so that none starts a process that belongs to no request.
  const runs = await Promise.allSettled(Array.from({ length: PARALLEL }, runNext));
  for (const run of runs) if (run.status === 'rejected') throw run.reason;
  signal.throwIfAborted();
  return versions;
}

async function readVersion(
  session: Pick<Session, 'spawn'>,
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  timeoutMs: number,
): Promise<string | null> {
  // In the file system's root no project's configuration changes what a tool says, or makes it download another.
  const child = session.spawn(command, args, { cwd: parse(process.cwd()).root });
  return await new Promise((resolve) => {
    let output = '';
    const take = (chunk: string): void => {
      if (output.length < MAX_OUTPUT_CHARACTERS) output += chunk;
    };
    const settle = (version: string | null): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve(version);
    };
    // A descendant may hold the pipes open after the kill, so `close` is not waited for.
    const stop = (): void => {
      child.kill('SIGKILL');
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      settle(null);
    };
    const timer = setTimeout(stop, timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', () => settle(null));
    child.once('close', (code) => settle(code === 0 ? (VERSION.exec(output)?.[0] ?? null) : null));
    // A tool that ends before it reads breaks the pipe, which says nothing about its version.
    child.stdin?.on('error', () => undefined).end();
    // `java -version` writes to stderr, so both count.
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', take);
  });
}
