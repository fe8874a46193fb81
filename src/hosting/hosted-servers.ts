/** All servers of a gateway, by name. */

import type { WorkerPool } from '../isolation/pool.js';
import type { PortWorker } from '../isolation/port/port-worker.js';
import type { Catalogue, ServerEntry } from '../servers/server-entry.js';
import type { AllSessions } from '../session/all-sessions.js';
import type { StopDeadline } from '../shared/stop-deadline.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import type { ServerSnapshot } from '../telemetry/snapshot.js';
import { HostedServer, type ReloadRequest } from './hosted-server.js';
import type { HostingResources } from './server-version.js';
import { mainFileOf, SourceWatch } from './source-watch.js';

/** Names of more tools than this are forgotten: metrics have even fewer label values. */
const MAX_TOOLS = 10_000;
/** Most servers have been tried out by then. */
const SAY_AFTER_MS = 5_000;

export class HostedServers {
  /** The only server, if there is just one. */
  readonly only: HostedServer | undefined;
  /** Names of the tools of all servers, as far as they are known; asked at each call, so they are kept together. */
  readonly tools = new Set<string>();
  readonly #servers = new Map<string, HostedServer>();
  readonly #catalogue: Catalogue;
  readonly #events: GatewayEmitter;
  readonly #watches = new Set<SourceWatch>();
  #closed = false;

  constructor(
    catalogue: Catalogue,
    shared: Omit<HostingResources, 'onTools' | 'stopping' | 'trials'>,
    all: AllSessions,
  ) {
    this.#catalogue = catalogue;
    this.#events = shared.events;
    const onTools = (names: Iterable<string>): void => {
      for (const name of names) if (this.tools.size < MAX_TOOLS) this.tools.add(name);
    };
    for (const entry of [...catalogue.servers, ...catalogue.broken])
      this.#servers.set(entry.name, new HostedServer(entry, { ...shared, onTools }, all));
    const [first] = this.#servers.values();
    this.only = this.#servers.size === 1 ? first : undefined;
  }

  get(name: string): HostedServer | undefined {
    return this.#servers.get(name);
  }

  all(): IterableIterator<HostedServer> {
    return this.#servers.values();
  }

  /**
   * Resolves when each server is served, or was found to be broken.
   * @param strict whether a broken server prevents all of them from being served
   * @param watches whether each server is reloaded when one of its files has changed, from now on. The only server may
   *   be broken as well then: its author is about to mend it
   * @throws {BulkheadError} the failure of the only server, or with `strict` of the first broken one
   */
  async start(strict: boolean, watches: boolean): Promise<void> {
    const starts = [...this.all()].map((server) => server.start());
    const telling = this.#tellWhoIsAwaited();
    try {
      // A save must reach a server that hangs while it is tried out.
      await Promise.all([...starts, ...(watches ? this.#watch() : [])]);
    } finally {
      clearInterval(telling);
    }
    const broken = [...this.all()].filter(({ failure }) => failure !== undefined);
    const fatal = strict || (this.#catalogue.single && !watches);
    if (broken[0] !== undefined && fatal) throw broken[0].failure;
    for (const server of broken) server.retryLater();
  }

  /** Why no server can be served, or `undefined`. */
  unready(): string | undefined {
    const all = [...this.all()];
    if (all.length === 0 || all.some(({ sessions }) => sessions !== undefined)) return undefined;
    return `No server can be served: ${all.map(({ name, unavailable }) => `${name}: ${unavailable}`).join('; ')}`;
  }

  fill(): void {
    for (const server of this.all()) server.fill();
  }

  /** The pools of the servers that are served. */
  *pools(): Generator<WorkerPool<PortWorker>> {
    for (const { pool } of this.all()) if (pool !== undefined) yield pool;
  }

  /**
   * Reads the code of all servers again. Resolves when all of them are done.
   * @throws {BulkheadError} the first failure
   */
  async reload(request: ReloadRequest): Promise<readonly ServerSnapshot[]> {
    const reloads = [...this.all()].map((server) => server.reload(request));
    await Promise.allSettled(reloads);
    return Promise.all(reloads);
  }

  async close(deadline: StopDeadline): Promise<void> {
    this.#closed = true;
    await deadline.within(Promise.all([...this.#watches].map((watch) => watch.close())));
    await Promise.all([...this.all()].map((server) => server.close(deadline)));
  }

  killChildrenNow(): void {
    for (const server of this.all()) server.killChildrenNow();
  }

  /** Says which servers the start waits for, when that takes long and whenever they are others. */
  #tellWhoIsAwaited(): NodeJS.Timeout {
    let said = '';
    return setInterval(() => {
      const awaited = [...this.all()].filter(({ state }) => state === 'starting');
      const names = awaited.map(({ name }) => name).join(', ');
      if (names === '' || names === said) return;
      said = names;
      const message = `the start waits for servers that are being tried out: ${names}`;
      this.#events.emit('notice', { level: 'info', message });
    }, SAY_AFTER_MS);
  }

  /** @returns promises that resolve when all files that are known by now are watched */
  #watch(): (Promise<void> | undefined)[] {
    return [...this.all()].map((server) => {
      const watched = server.rightEntry.then((entry) => this.#watchServer(server, entry));
      if (server.kind !== 'unknown') return watched;
      return server.missingFile === undefined ? undefined : this.#watchFiles(server, server.missingFile);
    });
  }

  async #watchServer(server: HostedServer, entry: ServerEntry): Promise<void> {
    const main = mainFileOf(entry);
    if (main !== undefined) return this.#watchFiles(server, main);
    if (entry.kind !== 'command') return;
    const message = 'changes are not noticed: its files are not known, because it is a command';
    this.#events.emit('notice', { level: 'info', message, fields: { server: server.name } });
  }

  async #watchFiles(server: HostedServer, main: string): Promise<void> {
    const watched = [...this.#watches].some((watch) => watch.server === server && watch.main === main);
    if (watched || this.#closed) return;
    const watch = new SourceWatch(server, main, this.#events);
    this.#watches.add(watch);
    await watch.start();
  }
}
