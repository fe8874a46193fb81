/** A server that misbehaves on purpose, as a child process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FaultName } from '../fixtures/load-servers/faults.js';
import { afterThisTest } from './cleanup.js';
import { until, withDeadline } from './deadline.js';
import { buildRoot } from './project.js';

const START_DEADLINE_MS = 30_000;

export interface FaultServer {
  /** Streamable HTTP. */
  readonly url: string;
  /** HTTP+SSE. */
  readonly sseUrl: string;
  readonly metricsUrl: string;
  readonly pid: number;
  /** Kills it, like a power cut. */
  vanish(): Promise<void>;
}

export interface FaultServerOptions {
  readonly answers?: 'json' | 'event-stream';
  readonly tools?: 'safe' | 'dangerous' | 'none';
}

/** For the current test alone. */
export async function startFaultServer(
  fault: FaultName = 'none',
  options: FaultServerOptions = {},
): Promise<FaultServer> {
  const { vanish, listening } = spawnFaultServer(fault, options);
  afterThisTest(vanish);
  return listening();
}

/**
 * One without a fault for all tests of a `describe`. Its counters and sessions remain from test to test.
 * @returns a function that gives the running server inside a test
 */
export function sharedFaultServer(): () => FaultServer {
  let server: FaultServer | undefined;
  let end = async (): Promise<void> => undefined;
  before('start the fault server', async () => {
    const { vanish, listening } = spawnFaultServer('none', {});
    end = vanish;
    server = await listening();
  });
  after('kill the fault server', () => end());
  return () => {
    if (!server) throw new Error('The shared fault server runs only while a test does.');
    return server;
  };
}

function spawnFaultServer(fault: FaultName, { answers = 'json', tools = 'safe' }: FaultServerOptions) {
  const file = join(buildRoot, 'test', 'fixtures', 'load-servers', 'fault-server.js');
  const args = ['--fault', fault, '--answers', answers, '--tools', tools];
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const vanish = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const listening = async (): Promise<FaultServer> => {
    const [line] = await withDeadline(once(child.stdout, 'data'), 'the fault server', START_DEADLINE_MS);
    return { ...(JSON.parse(String(line)) as Omit<FaultServer, 'vanish'>), vanish };
  };
  return { vanish, listening };
}

/** The count of a metric of the server, over all its labels. */
export async function counted({ metricsUrl }: FaultServer, metric: string): Promise<number> {
  const response = await fetch(metricsUrl, { headers: { connection: 'close' } });
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith(`${metric}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Waits until a load is in full progress. */
export async function someCalls(server: FaultServer): Promise<void> {
  const operations = 'mcp_server_operation_duration_seconds_count';
  await until(async () => (await counted(server, operations)) > 50, 'the first calls', START_DEADLINE_MS);
}
