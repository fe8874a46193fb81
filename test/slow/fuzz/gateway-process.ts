/** The fuzzed gateway: a separate process, whose life and memory are observed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterThisTest } from '../../support/cleanup.js';
import { withDeadline } from '../../support/deadline.js';
import { buildRoot, projectRoot } from '../../support/project.js';

const START_DEADLINE_MS = 30_000;
const LOG_CHARACTERS = 20_000;
const PAGE_BYTES = 4_096;

export interface GatewayProcess {
  readonly mcp: URL;
  readonly admin: URL;
  /** How it ended, or `undefined` while it lives. */
  ended(): string | undefined;
  /** The end of what it wrote to stderr. */
  log(): string;
  /** Resident memory of all its threads; `undefined` if the system does not report it. */
  residentBytes(): number | undefined;
  stop(): Promise<void>;
}

export const GATEWAY_THREADS = 24;

/** Low limits, so that each is reached, and a complete log, so that log messages are fuzzed too. */
const FLAGS = [
  ['--port', '0'],
  ['--admin-port', '0'],
  ['--max-sessions', '200'],
  ['--session-idle', '60s'],
  ['--disconnect-grace', '60s'],
  ['--max-threads', String(GATEWAY_THREADS)],
  ['--affinity', 'request'],
  ['--max-body-bytes', '1MiB'],
  ['--log-level', 'debug'],
  ['--log-format', 'json'],
].flat();

export async function startGatewayProcess(): Promise<GatewayProcess> {
  const module = join(projectRoot, 'test', 'fixtures', 'modules', 'fuzzed.mjs');
  const child = spawn(process.execPath, [join(buildRoot, 'src', 'bin.cjs'), 'serve', module, ...FLAGS], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-LOG_CHARACTERS);
  });
  const closed = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await closed;
  };
  afterThisTest(stop);
  const announced = announcement(child);
  const text = await withDeadline(announced, () => `the start of the gateway: ${log}`, START_DEADLINE_MS);
  return {
    mcp: addressIn(text, /^MCP server +(\S+)$/m),
    admin: addressIn(text, /^Admin server +(\S+)$/m),
    ended: () => {
      if (child.exitCode === null && child.signalCode === null) return undefined;
      return child.signalCode ?? `exit code ${child.exitCode}`;
    },
    log: () => log,
    residentBytes: () => {
      const file = `/proc/${child.pid}/statm`;
      if (!existsSync(file)) return undefined;
      return Number(readFileSync(file, 'utf8').split(' ')[1]) * PAGE_BYTES;
    },
    stop,
  };
}

function announcement(child: ChildProcess): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`The gateway ended with ${code} before it listened.`)));
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('claude mcp add')) resolve(text);
    });
  });
}

function addressIn(text: string, pattern: RegExp): URL {
  return new URL(pattern.exec(text)?.[1] ?? '');
}
