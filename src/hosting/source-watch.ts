/** The option `watch`: a server is reloaded when one of its files has changed. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withEsbuild } from '../servers/esbuild.js';
import { nodeProgram } from '../servers/node-program.js';
import type { ServerEntry } from '../servers/server-entry.js';
import { environmentFor } from '../servers/server-environment.js';
import { sourceFiles } from '../servers/source-files.js';
import { messageOf } from '../shared/errors.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import { FileWatch, type FileWatchOwner } from './file-watch.js';
import type { HostedServer } from './hosted-server.js';

export class SourceWatch implements FileWatchOwner {
  readonly server: HostedServer;
  /** Absolute path. */
  readonly main: string;
  readonly #events: GatewayEmitter;
  readonly #files = new FileWatch(this);
  #failure: string | undefined;
  #letGo: () => void = () => {};
  #held: Promise<void> = Promise.resolve();
  #updating: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param main absolute path of the server's main file */
  constructor(server: HostedServer, main: string, events: GatewayEmitter) {
    this.server = server;
    this.main = main;
    this.#events = events;
  }

  /** Begins to watch. Resolves when the files are watched, as a notice says; or another one says why they are not. */
  async start(): Promise<void> {
    // The program that bundles takes longer to start than to bundle a small module, so it stays.
    this.#held = withEsbuild(() => this.#closing()).catch((error: unknown) =>
      this.onFailed(messageOf(error)),
    );
    await this.#update();
    if (this.#closed || this.#files.files === 0) return;
    const fields = { server: this.server.name, files: this.#files.files };
    this.#events.emit('notice', { level: 'info', message: 'changes of its files are noticed', fields });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#letGo();
    await Promise.all([this.#held, this.#updating, this.#files.close()]);
  }

  onChanged(): void {
    void this.#reload();
  }

  onFailed(why: string): void {
    this.#events.emit('notice', {
      level: 'warn',
      message: `changes are not noticed: ${why}`,
      fields: { server: this.server.name },
    });
  }

  #closing(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#letGo = resolve;
    });
  }

  async #reload(): Promise<void> {
    const reload = this.server.reload({ cause: 'watch', sessions: 'all' });
    // Not after it: it may hang in a file that is imported now for the first time.
    const updated = this.#update();
    try {
      await reload;
    } catch {
      // The event `server-reloaded` reports it, and the next change is another attempt.
    }
    await updated;
  }

  /** The files may import others now. */
  #update(): Promise<void> {
    this.#updating = this.#updating.then(async () => {
      if (this.#closed) return;
      try {
        const files = await sourceFiles(this.main);
        await this.#files.watch(files, this.server.codeReadAtMs);
        this.#failure = undefined;
      } catch (error) {
        const failure = messageOf(error);
        if (failure !== this.#failure) this.onFailed(failure);
        this.#failure = failure;
      }
    });
    return this.#updating;
  }
}

/** The main file of a server whose files are known: of a module, a script, a package, and what the command `node` runs. */
export function mainFileOf(entry: ServerEntry): string | undefined {
  switch (entry.kind) {
    case 'module':
      return entry.moduleUrl === undefined ? undefined : fileURLToPath(entry.moduleUrl);
    case 'script':
      return entry.script;
    case 'command': {
      const program = nodeProgram(entry, environmentFor(entry, process.env));
      return program && resolve(entry.cwd, program.script);
    }
    default:
      return entry satisfies never;
  }
}
