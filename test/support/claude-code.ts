/**
 * The real Claude Code, from npm, without an account: its home is an empty folder, and its model is a server of the
 * test.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterThisTest } from './cleanup.js';
import { RUN_MARKER } from './left-behind.js';
import { ModelStandIn } from './model-stand-in.js';

const PACKAGE = '@anthropic-ai/claude-code';
const SERVER = 'gateway';
/** A download of some 100 MB. */
const INSTALL_DEADLINE_MS = 180_000;

/**
 * Installs it below the system's temporary folder, where other test files and the next run find it.
 * @param version a version, or a tag such as `latest`
 * @returns the executable
 * @throws {Error} if npm cannot install it
 */
async function installClaudeCode(version: string): Promise<string> {
  const exact = /^\d/.test(version) ? version : await npm('view', `${PACKAGE}@${version}`, 'version');
  const folder = join(tmpdir(), 'bulkhead-claude-code', exact);
  if (!existsSync(folder)) await installInto(folder, exact);
  const executable = executableIn(folder);
  await promisify(execFile)(executable, ['--version'], { timeout: INSTALL_DEADLINE_MS });
  return executable;
}

/** Whole or not at all: another test file may install it at the same time. */
async function installInto(folder: string, version: string): Promise<void> {
  const own = `${folder}.${process.pid}`;
  try {
    await mkdir(own, { recursive: true });
    const options = ['--prefix', own, '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
    await npm('install', ...options, `${PACKAGE}@${version}`);
    await promisify(execFile)(executableIn(own), ['--version'], { timeout: INSTALL_DEADLINE_MS });
    await rename(own, folder).catch((error: unknown) => {
      if (!existsSync(executableIn(folder))) throw error;
    });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function npm(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('npm', args, { timeout: INSTALL_DEADLINE_MS });
  return stdout.trim();
}

function executableIn(folder: string): string {
  return join(folder, 'node_modules', '.bin', 'claude');
}

/**
 * Installs it before the tests of a `describe`, which are skipped if npm cannot.
 * @returns a function that returns the executable inside a test
 */
export function installedClaudeCode(version: string): () => string {
  let executable = '';
  before('install Claude Code', async function () {
    try {
      executable = await installClaudeCode(version);
    } catch (error) {
      const [reason] = String(error instanceof Error ? error.message : error)
        .split('\n')
        .slice(-2);
      console.log(`      skipped: Claude Code ${version} can't be installed from npm: ${reason}`);
      this.skip();
    }
  });
  return () => executable;
}

export interface ClaudeCode {
  readonly model: ModelStandIn;
  /** An empty folder that is removed after the test. */
  readonly folder: string;
  /** Kills it. */
  leave(): Promise<void>;
}

/** Starts a conversation with one server. It and its model end after the test. */
export async function startClaudeCode(executable: string, url: URL): Promise<ClaudeCode> {
  const model = new ModelStandIn(`mcp__${SERVER}__`);
  await model.start();
  afterThisTest(() => model.stop());
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-claude-code-'));
  afterThisTest(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const config = join(folder, 'mcp.json');
  // Without `alwaysLoad`, the model gets only the names of the tools.
  const server = { type: 'http', url: String(url), alwaysLoad: true };
  await writeFile(config, JSON.stringify({ mcpServers: { [SERVER]: server } }));
  const tools = ['--mcp-config', config, '--strict-mcp-config', '--allowedTools', `mcp__${SERVER}`];
  const child = spawn(executable, ['-p', 'Go.', ...tools], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: 'none',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      ...(process.env[RUN_MARKER] && { [RUN_MARKER]: process.env[RUN_MARKER] }),
    },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  const leave = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  afterThisTest(leave);
  return { model, folder, leave };
}
