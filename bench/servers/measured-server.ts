/** Starts the servers that are measured, each as a process of its own with the Node that runs the bench. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { adopt, stopChild } from './child.js';

const START_DEADLINE_MS = 30_000;

export interface MeasuredServer {
  readonly pid: number;
  /** The MCP endpoint. */
  readonly url: URL;
  /** The admin listener's origin; only Bulkhead has one. */
  readonly adminUrl: URL | undefined;
  stop(): Promise<void>;
}

export type StartServer = () => Promise<MeasuredServer>;

const COMMAND = fileURLToPath(new URL('../../src/bin.cjs', import.meta.url));
/** As `npm start` has it; see README.md, "Options". */
const YOUNG_OBJECTS = '--max-semi-space-size=32';
const PORTS_AND_LOGS = ['--port', '0', '--admin-port', '0', '--log-level', 'silent'];
const SERVER_MODULE = fileURLToPath(new URL('../server-module.js', import.meta.url));
const SDK_SERVER = fileURLToPath(new URL('../sdk-server.js', import.meta.url));
const SDK2_STATELESS_SERVER = fileURLToPath(new URL('../eras/servers/stateless.js', import.meta.url));
const SDK2_SESSIONS_SERVER = fileURLToPath(new URL('../eras/servers/sessions.js', import.meta.url));
const BARE_SERVER = fileURLToPath(new URL('../bare-server.js', import.meta.url));

/** The first MCP URL of what a server prints, and the first URL of another port. */
function addressesIn(output: string): { url: URL; adminUrl: URL | undefined } | undefined {
  const urls = (output.match(/http:\/\/[\w.:[\]]+[^\s"']*/g) ?? []).map((found) => new URL(found));
  const url = urls.find(({ pathname }) => pathname === '/mcp');
  return url && { url, adminUrl: urls.find(({ host }) => host !== url.host) };
}

async function start(
  args: readonly string[],
  needsAdmin: boolean,
  env: Readonly<Record<string, string>> = {},
): Promise<MeasuredServer> {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  const child = adopt(spawn(process.execPath, args, { stdio, env: { ...process.env, ...env } }));
  let output = '';
  const { promise, resolve, reject } = deferred<{ url: URL; adminUrl: URL | undefined }>();
  const deadline = setTimeout(() => reject(failure('printed no address in time')), START_DEADLINE_MS);
  const failure = (what: string): Error => new Error(`${args.join(' ')} ${what}: ${output.slice(-2000)}`);
  child.once('error', reject);
  child.once('exit', (code) => reject(failure(`ended with exit code ${code}`)));
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    const addresses = addressesIn(output);
    if (addresses && (addresses.adminUrl || !needsAdmin)) resolve(addresses);
  });
  try {
    const addresses = await promise;
    return { ...addresses, pid: child.pid ?? 0, stop: () => stopChild(child) };
  } catch (error) {
    await stopChild(child);
    throw error;
  } finally {
    clearTimeout(deadline);
  }
}

function deferred<Value>(): {
  promise: Promise<Value>;
  resolve: (value: Value) => void;
  reject: (error: unknown) => void;
} {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** Bulkhead with the bench's server module and its defaults, but for ports, logs and these flags. */
export function bulkhead(...flags: readonly string[]): StartServer {
  return serve([SERVER_MODULE], flags);
}

/** The same with the built-in server, which brings no zod of its own. */
export function builtIn(...flags: readonly string[]): StartServer {
  return serve([], flags);
}

/**
 * Bulkhead with a program that speaks stdio, in processes.
 * @param caches the folder in which it remembers what it learns
 */
export function bulkheadWith(
  program: readonly string[],
  caches: string,
  ...flags: readonly string[]
): StartServer {
  const args = [YOUNG_OBJECTS, COMMAND, 'serve', ...PORTS_AND_LOGS, ...flags, '--', ...program];
  return () => start(args, true, { XDG_CACHE_HOME: caches });
}

/** Bulkhead as `npm start` starts it; V8 writes a CPU profile of each of its threads into the folder when it ends. */
export function profiledBulkhead(folder: string): StartServer {
  return serve([SERVER_MODULE], [], ['--cpu-prof', `--cpu-prof-dir=${folder}`]);
}

function serve(
  module: readonly string[],
  flags: readonly string[],
  nodeFlags: readonly string[] = [],
): StartServer {
  const args = [...nodeFlags, YOUNG_OBJECTS, COMMAND, 'serve', ...module];
  args.push(...PORTS_AND_LOGS, '--max-threads', '128', ...flags);
  return () => start(args, true);
}

/** The SDK's own transport in one thread; `--json` for JSON answers in place of SSE. */
export function sdk(...flags: readonly string[]): StartServer {
  return () => start([SDK_SERVER, ...flags], false);
}

/** SDK 2's handler for revision 2026-07-28, in one thread. */
export const sdk2Stateless: StartServer = () => start([SDK2_STATELESS_SERVER], false);

/** SDK 2's stateful transport, in one thread. */
export const sdk2Sessions: StartServer = () => start([SDK2_SESSIONS_SERVER], false);

/** `node:http` alone. */
export const bare: StartServer = () => start([BARE_SERVER], false);

/** Runs one measurement against a server that is started for it and stopped after it. */
export async function withServer<Result>(
  startServer: StartServer,
  measure: (server: MeasuredServer) => Promise<Result>,
): Promise<Result> {
  const server = await startServer();
  try {
    return await measure(server);
  } finally {
    await server.stop();
  }
}
