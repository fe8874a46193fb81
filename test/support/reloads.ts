/** A server module in a folder of its own that a test writes anew, and calls whose answers name the version that gave them. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterThisTest } from './cleanup.js';
import { connectedClient, type Gateway } from './gateway.js';
import { type RawClient, textOf } from './raw-client.js';

/** What its tool `version` answers. */
export interface VersionAnswer {
  readonly version: number;
  /** How often the tool was called in the session: `session.state` counts. */
  readonly count: number;
}

export class ReloadedModule {
  readonly #folder = mkdtempSync(join(tmpdir(), 'reloaded-'));
  readonly path = join(this.#folder, 'server.mjs');

  constructor() {
    afterThisTest(() => rmSync(this.#folder, { recursive: true }));
    this.write(1);
  }

  get url(): URL {
    return pathToFileURL(this.path);
  }

  /**
   * Writes a version, as editors do: a new file takes the place of the old one.
   * @param version or an expression for it
   * @param more code of its `setup`, and what else the module exports
   */
  write(
    version: number | string,
    more: { readonly setup?: string; readonly fields?: string; readonly head?: string } = {},
  ): void {
    this.writeText(`${more.head ?? ''}
export default {
  name: 'reloaded',
  version: '${version}.0.0',
  ${more.fields ?? ''}
  setup(server, session) {
    server.registerTool('version', { description: 'Names the version.' }, () => {
      const count = (session.state.get('count') ?? 0) + 1;
      session.state.set('count', count);
      return { content: [{ type: 'text', text: JSON.stringify({ version: ${version}, count }) }] };
    });
    ${more.setup ?? ''}
  },
};
`);
  }

  /** With its folder, as builds do. */
  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  writeText(text: string): void {
    mkdirSync(this.#folder, { recursive: true });
    this.writeFile('server.mjs', text);
  }

  pathOf(name: string): string {
    return join(this.#folder, name);
  }

  /** Writes any file of the module's folder. @param how whether the same file is written again, or a new one takes its place */
  writeFile(name: string, text: string, how: 'in place' | 'renamed' = 'renamed'): void {
    const path = this.pathOf(name);
    if (how === 'in place') return writeFileSync(path, text);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }
}

export async function versionOf(client: RawClient): Promise<VersionAnswer> {
  return JSON.parse(textOf(await client.call('version'))) as VersionAnswer;
}

export interface LoadOptions {
  readonly sessions: number;
  readonly callsPerSecond: number;
  readonly reloads: number;
  /** Between the end of one reload and the next. */
  readonly pauseMs: number;
  readonly write: (version: number) => void;
}

export interface LoadOutcome {
  readonly calls: number;
  readonly errors: readonly string[];
  /** Answers of a version that was older than the one that was served when the call was sent. */
  readonly wrong: readonly string[];
  /** Calls that were answered in order in each session, by what `session.state` has counted. */
  readonly counted: number;
  readonly versions: ReadonlySet<number>;
  readonly seconds: number;
}

const TICK_MS = 10;
/** Of one session. */
const MAX_IN_FLIGHT = 20;

/** Reloads a server again and again while its sessions are called at a steady rate, whether answers come or not. */
export async function reloadUnderLoad(gateway: Gateway, options: LoadOptions): Promise<LoadOutcome> {
  const { sessions, callsPerSecond, reloads, pauseMs, write } = options;
  const clients: RawClient[] = [];
  // One after the other: how long threads wait for each other is not what is looked at here.
  while (clients.length < sessions) clients.push(await connectedClient(gateway));
  const errors: string[] = [];
  const wrong: string[] = [];
  const versions = new Set<number>();
  const counts = clients.map(() => new Set<number>());
  const open = new Set<Promise<void>>();
  const inFlight = clients.map(() => 0);
  let served = 1;
  let calls = 0;
  let passed = 0;
  const startedMs = performance.now();

  const call = async (index: number): Promise<void> => {
    const atLeast = served;
    try {
      const { version, count } = await versionOf(clients[index]!);
      versions.add(version);
      counts[index]!.add(count);
      if (version < atLeast) wrong.push(`version ${version} answered after ${atLeast} was served`);
    } catch (error) {
      errors.push(String(error));
    }
  };
  const tick = (): void => {
    const due = Math.floor(((performance.now() - startedMs) / 1000) * callsPerSecond);
    for (; passed < due; passed += 1) {
      const index = passed % sessions;
      // A machine that has no time for the calls answers late; its gateway is not at fault.
      if (inFlight[index]! >= MAX_IN_FLIGHT) continue;
      inFlight[index]! += 1;
      calls += 1;
      const sent = call(index).finally(() => {
        inFlight[index]! -= 1;
        open.delete(sent);
      });
      open.add(sent);
    }
  };
  const timer = setInterval(tick, TICK_MS);
  try {
    for (let version = 2; version <= reloads + 1; version += 1) {
      write(version);
      await gateway.reload();
      served = version;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  } finally {
    clearInterval(timer);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  await Promise.all(open);
  const counted = counts.reduce((sum, { size }) => sum + size, 0);
  return { calls, errors, wrong, counted, versions, seconds };
}
