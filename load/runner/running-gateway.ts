/** The gateway of a scenario: a separate process on free ports, which can be stopped and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { adopt, stopChild } from '../../bench/servers/child.js';
import { type Exposition, parseExposition } from '../server/exposition.js';
import { COMMAND, childEnvironment } from './command.js';

const SERVER_MODULE = fileURLToPath(new URL('../server-module.js', import.meta.url));
const START_DEADLINE_MS = 30_000;
const READ_DEADLINE_MS = 10_000;
/** How much of its output a failure shows. */
const SHOWN_CHARACTERS = 2_000;

export class RunningGateway {
  readonly #flags: readonly string[];
  #child: ChildProcess;
  #url = '';
  #adminUrl = '';

  private constructor(flags: readonly string[]) {
    this.#flags = flags;
    this.#child = this.#spawn('0', '0');
  }

  /** @throws {Error} if it ends, or prints no address within 30 s */
  static async start(flags: readonly string[]): Promise<RunningGateway> {
    const gateway = new RunningGateway(flags);
    await gateway.#listening();
    return gateway;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The MCP endpoint. */
  get url(): string {
    return this.#url;
  }

  get metricsUrl(): string {
    return new URL('/metrics', this.#adminUrl).href;
  }

  /** Stops it as a service manager does, and starts another one on the same ports. */
  async restart(): Promise<void> {
    await this.stop();
    this.#child = this.#spawn(new URL(this.#url).port, new URL(this.#adminUrl).port);
    await this.#listening();
  }

  stop(): Promise<void> {
    return stopChild(this.#child);
  }

  async metrics(): Promise<Exposition> {
    return parseExposition(await this.#read('/metrics'));
  }

  /** How many sessions the admin listener lists. */
  async sessions(): Promise<number> {
    return (JSON.parse(await this.#read('/sessions')) as unknown[]).length;
  }

  async #read(path: string): Promise<string> {
    const signal = AbortSignal.timeout(READ_DEADLINE_MS);
    const response = await fetch(new URL(path, this.#adminUrl), { signal });
    const body = await response.text();
    if (!response.ok) throw new Error(`GET ${path} was answered ${response.status}: ${body}`);
    return body;
  }

  #spawn(port: string, adminPort: string): ChildProcess {
    const ports = ['--port', port, '--admin-port', adminPort, '--log-level', 'error'];
    return adopt(
      spawn(process.execPath, [COMMAND, 'serve', SERVER_MODULE, ...ports, ...this.#flags], {
        env: childEnvironment(),
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  }

  /** Resolves when it has printed both addresses. */
  async #listening(): Promise<void> {
    const child = this.#child;
    const settled = new AbortController();
    let output = '';
    const announced = new Promise<void>((resolve) => {
      const read = (chunk: Buffer): void => {
        output = (output + chunk).slice(-SHOWN_CHARACTERS);
        const mcp = /^MCP server +(http\S+)$/m.exec(output)?.[1];
        const admin = /^Admin server +(http\S+)$/m.exec(output)?.[1];
        if (mcp === undefined || admin === undefined) return;
        this.#url = mcp;
        this.#adminUrl = admin;
        resolve();
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
    });
    const { signal } = settled;
    const ended = once(child, 'exit', { signal }).then(([code]) => `ended with exit code ${code}`);
    const late = once(AbortSignal.timeout(START_DEADLINE_MS), 'abort', { signal }).then(
      () => `told no address within ${START_DEADLINE_MS} ms`,
    );
    try {
      const failure = await Promise.race([announced, ended, late]);
      if (failure !== undefined) throw new Error(`The gateway ${failure}: ${output}`);
    } finally {
      settled.abort();
      for (const loser of [ended, late]) loser.catch(() => undefined);
    }
  }
}
