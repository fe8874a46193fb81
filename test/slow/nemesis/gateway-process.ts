/** The built gateway as a separate process, with what it reports about itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { withDeadline } from '../../support/deadline.js';
import { leftoversOf } from '../../support/left-behind.js';
import { buildRoot } from '../../support/project.js';

const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 30_000;
const SCRAPE_DEADLINE_MS = 5_000;
const SAMPLE_INTERVAL_MS = 1_000;

export interface LaunchOptions {
  readonly module: URL;
  readonly options: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Where its log is written: a descriptor that the caller owns. */
  readonly stderr: number;
  /** A command that runs the rest of its arguments, in the same process. */
  readonly within?: readonly string[];
}

export interface Readings {
  /** Highest of the samples, bytes. */
  mainHeapBytes: number;
  /** Highest of the samples, milliseconds. */
  eventLoopMs: number;
  scrapes: number;
  scrapesFailed: number;
}

export class GatewayProcess {
  readonly url: URL;
  readonly adminUrl: URL;
  readonly readings: Readings = { mainHeapBytes: 0, eventLoopMs: 0, scrapes: 0, scrapesFailed: 0 };
  readonly #child: ChildProcess;
  #sampling = true;
  readonly #sampled: Promise<void>;
  #stopping = false;
  #death: string | undefined;

  private constructor(child: ChildProcess, url: URL, adminUrl: URL) {
    this.#child = child;
    this.url = url;
    this.adminUrl = adminUrl;
    child.once('exit', (code, signal) => {
      if (!this.#stopping) this.#death = `code ${code}, signal ${signal}`;
    });
    this.#sampled = this.#sample();
  }

  static async launch({ module, options, env, stderr, within = [] }: LaunchOptions): Promise<GatewayProcess> {
    const flags = Object.entries({ port: '0', 'admin-port': '0', ...options }).flatMap(([name, value]) => [
      `--${name}`,
      value,
    ]);
    const command = [
      ...within,
      process.execPath,
      '--max-semi-space-size=32',
      join(buildRoot, 'src', 'bin.cjs'),
      'serve',
      module.pathname,
      ...flags,
    ];
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('BULKHEAD_'));
    const child = spawn(command[0] ?? '', command.slice(1), {
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: ['ignore', 'pipe', stderr],
    });
    const addresses = new Promise<[string, string]>((resolve, reject) => {
      const found: string[] = [];
      child.once('exit', (code) => reject(new Error(`The gateway ended at its start, with code ${code}.`)));
      createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
        const [, address] = /^(?:MCP|Admin) server +(\S+)$/.exec(line) ?? [];
        if (address !== undefined) found.push(address);
        const [mcp, admin] = found;
        if (mcp !== undefined && admin !== undefined) resolve([mcp, admin]);
      });
    });
    try {
      const [mcp, admin] = await withDeadline(addresses, "the gateway's addresses", START_DEADLINE_MS);
      return new GatewayProcess(child, new URL(mcp), new URL(admin));
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** How it died without being told to end; `undefined` while it lives. */
  get death(): string | undefined {
    return this.#death;
  }

  /** Sends SIGTERM. @returns how long it took, in milliseconds; `undefined` if it had to be killed */
  async stop(): Promise<number | undefined> {
    this.#sampling = false;
    await this.#sampled;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return undefined;
    this.#stopping = true;
    const startMs = performance.now();
    const exited = once(this.#child, 'exit').then(() => performance.now() - startMs);
    this.#child.kill('SIGTERM');
    try {
      return await withDeadline(exited, 'the end of the gateway', STOP_DEADLINE_MS);
    } catch {
      return undefined;
    } finally {
      this.kill();
      await exited;
    }
  }

  kill(): void {
    this.#sampling = false;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const left = leftoversOf(this.#child.pid);
    this.#child.once('exit', () => left.end());
    this.#child.kill('SIGKILL');
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Every metric without labels. What is read counts among the readings. @throws if it cannot be read */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const response = await fetch(new URL('/metrics', this.adminUrl), {
      signal: AbortSignal.timeout(SCRAPE_DEADLINE_MS),
    });
    const samples = (await response.text()).matchAll(/^([a-z0-9_]+) (\S+)$/gm);
    const metrics = new Map([...samples].map(([, name, value]) => [name ?? '', Number(value)]));
    const heap = metrics.get('nodejs_heap_size_used_bytes') ?? 0;
    const delay = metrics.get('bulkhead_event_loop_delay_max_seconds') ?? 0;
    this.readings.mainHeapBytes = Math.max(this.readings.mainHeapBytes, heap);
    this.readings.eventLoopMs = Math.max(this.readings.eventLoopMs, delay * 1_000);
    return metrics;
  }

  async #sample(): Promise<void> {
    while (this.#sampling) {
      this.readings.scrapes += 1;
      try {
        await this.metrics();
      } catch {
        // During a fault it may not be readable. That is counted, and the next second tries again.
        this.readings.scrapesFailed += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_INTERVAL_MS));
    }
  }
}
