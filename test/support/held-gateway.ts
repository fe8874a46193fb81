/** A gateway in a separate process, with one call that blocks it, for tests that it ends nevertheless. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from './cleanup.js';
import { until, withDeadline } from './deadline.js';
import { fixtureModule, joined } from './modules.js';
import { buildRoot } from './project.js';
import { RawClient } from './raw-client.js';

/** Every descendant inherits it. */
const MARKER = 'HELD_GATEWAY';

/** Where the log is written: to a reader, to a pipe that nobody reads, or to a full disk. */
export type LogSink = 'read' | 'unread pipe' | 'full disk';

export interface HeldGateway {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  /** Current process ids. */
  readonly descendants: () => readonly number[];
  /** Waits for the end, and checks that neither a child process nor a listener is left. */
  ended(withinMs: number): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts the gateway with a `hold` call of this kind in progress (see `test/fixtures/modules/holding.mjs`). */
export async function holdGateway(
  kind: string,
  options: { readonly drainMs: number; readonly sink?: LogSink },
): Promise<HeldGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-held-'));
  afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
  const fifo = join(folder, 'fifo');
  const marker = join(folder, 'held');
  execFileSync('mkfifo', [fifo]);
  const { sink = 'read' } = options;
  const child = spawn(
    process.execPath,
    [
      join(buildRoot, 'src', 'bin.cjs'),
      'serve',
      fileURLToPath(joined(fixtureModule('holding'))),
      ...['--port', '0', '--admin-port', '0', '--log-format', 'json', '--no-bundle', '--spare-threads', '1'],
      // The holds that make garbage must be ended by the signal, not by a limit.
      ...[
        '--drain-timeout',
        String(options.drainMs),
        '--thread-heap-mb',
        '8000',
        '--thread-memory-mb',
        '16000',
      ],
    ],
    {
      env: { ...process.env, [MARKER]: folder },
      stdio: ['ignore', 'pipe', sink === 'full disk' ? openSync('/dev/full', 'w') : 'pipe'],
    },
  );
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  afterThisTest(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  if (sink === 'read') {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
  }
  const address = await until(
    () => /^MCP server +(\S+)$/m.exec(stdout)?.[1],
    () => `its address: ${stderr}`,
  );
  const client = new RawClient(new URL(address));
  await client.initialize();
  client.call('hold', { kind, fifo, marker }, { deadlineMs: 60_000 }).catch(() => {
    // The gateway ends before the call is answered.
  });
  await until(() => existsSync(marker), 'the call to hold');
  return {
    child,
    stderr: () => stderr,
    descendants: () => descendantsOf(child.pid as number),
    async ended(withinMs) {
      const [code, signal] = await withDeadline(exited, () => `the end, with ${stderr}`, withinMs);
      await until(
        () => markedProcesses(folder).length === 0,
        () => `its child processes ${markedProcesses(folder)}`,
        1_000,
      );
      const socket = connect(Number(new URL(address).port), '127.0.0.1');
      const [refused] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
      expect(refused.code).to.equal('ECONNREFUSED');
      return { code, signal };
    },
  };
}

function descendantsOf(root: number): number[] {
  const found = [root];
  for (const parent of found) {
    for (const task of readdirSync(`/proc/${parent}/task`)) {
      found.push(
        ...readFileSync(`/proc/${parent}/task/${task}/children`, 'utf8')
          .split(' ')
          .filter(Boolean)
          .map(Number),
      );
    }
  }
  return found.slice(1);
}

/** Zombies no longer have an environment. */
function markedProcesses(folder: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${MARKER}=${folder}`);
      } catch {
        // Not a process, or one that has just ended.
        return false;
      }
    });
}
