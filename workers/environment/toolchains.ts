/** Which compilers, interpreters and build tools are installed, found by running each with its version flag. */
import { parse } from 'node:path';
import type { Session } from '../../src/shared/define-server.js';

/**
 * Tools that answer without using the network or reading a project. Launchers that may download another program, such
 * as corepack's `yarn`, are not included.
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

/** How many run at the same time: a session may have 64 child processes, and several calls may run together. */
const PARALLEL = 8;
const MAX_OUTPUT_CHARACTERS = 4_096;
const VERSION = /\d{1,9}(?:\.\d+)+[\w.+-]*/;

export const TOOLCHAIN_TIMEOUT_MS = 5_000;
/** If somebody installs a tool during a session, it is seen after this time. */
const REMEMBERED_FOR_MS = 600_000;
const STATE_KEY = 'toolchain versions';

type Versions = Record<string, string | null>;

/**
 * Like `readToolchains`, but a tool that has answered, or is missing, is asked only once in ten minutes of a session,
 * even if the session sleeps in between: many sessions together could not start 19 processes for each call.
 */
export async function recallToolchains(
  session: Pick<Session, 'spawn' | 'state'>,
  signal: AbortSignal,
  timeoutMs = TOOLCHAIN_TIMEOUT_MS,
): Promise<Versions> {
  const kept = session.state.get(STATE_KEY) as
    | { readonly askedAtMs: number; readonly versions: Versions }
    | undefined;
  const isFresh = kept !== undefined && Date.now() - kept.askedAtMs < REMEMBERED_FOR_MS;
  const known: Versions = isFresh ? { ...kept.versions } : {};
  const before = Object.keys(known).length;
  const versions = await readToolchains(session, signal, timeoutMs, known);
  if (Object.keys(known).length > before) {
    session.state.set(STATE_KEY, { askedAtMs: isFresh ? kept.askedAtMs : Date.now(), versions: known });
  }
  return versions;
}

/**
 * Versions by command; null for a command that is missing, fails, or does not answer within `timeoutMs`.
 * @param known commands that need not be asked; those that have answered are added
 * @throws the signal's reason when it aborts; running commands are killed first
 */
export async function readToolchains(
  session: Pick<Session, 'spawn'>,
  signal: AbortSignal,
  timeoutMs = TOOLCHAIN_TIMEOUT_MS,
  known: Versions = {},
): Promise<Versions> {
  const versions: Versions = {};
  for (const [command] of COMMANDS) versions[command] = known[command] ?? null;
  const waiting = COMMANDS.filter(([command]) => known[command] === undefined).values();
  const runNext = async (): Promise<void> => {
    for (const [command, ...args] of waiting) {
      signal.throwIfAborted();
      const version = await readVersion(session, command, args, signal, timeoutMs);
      if (version === undefined) continue;
      versions[command] = version;
      known[command] = version;
    }
  };
  // All of them end before the call does, so that none starts a process that belongs to no request.
  const runs = await Promise.allSettled(Array.from({ length: PARALLEL }, runNext));
  for (const run of runs) if (run.status === 'rejected') throw run.reason;
  signal.throwIfAborted();
  return versions;
}

/** `undefined` for a tool that does not answer in time: it may be installed. */
async function readVersion(
  session: Pick<Session, 'spawn'>,
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  timeoutMs: number,
): Promise<string | null | undefined> {
  // In the root of the file system, no project's configuration changes what a tool says, or makes it download another
  // one.
  const child = session.spawn(command, args, { cwd: parse(process.cwd()).root });
  return await new Promise((resolve) => {
    let output = '';
    const take = (chunk: string): void => {
      if (output.length < MAX_OUTPUT_CHARACTERS) output += chunk;
    };
    const settle = (version: string | null | undefined): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve(version);
    };
    // A descendant may hold the pipes open after the kill, so this does not wait for `close`.
    const stop = (): void => {
      child.kill('SIGKILL');
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      settle(undefined);
    };
    const timer = setTimeout(stop, timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', () => settle(null));
    child.once('close', (code) => settle(code === 0 ? (VERSION.exec(output)?.[0] ?? null) : null));
    // A tool that ends before it reads breaks the pipe, which says nothing about its version.
    child.stdin?.on('error', () => undefined).end();
    // `java -version` writes to stderr, so both are read.
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', take);
  });
}
