/** The gateway's own file, as far as `import` needs it: its servers, and their addresses. */

import { canonicalJson } from '../shared/canonical-json.js';
import type { ConfigFile } from './config-file.js';
import { JsonDocument, type TextEdit } from './json-document.js';
import type { ServerConfig } from './stdio-entry.js';

/** Keys of an entry that say what is started; the others say how it is served. */
const STARTED_BY = ['command', 'args', 'env', 'cwd', 'inheritEnv'] as const;
const ANY_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

export class GatewayFile {
  /** Absolute. */
  readonly path: string;
  readonly file: ConfigFile | undefined;
  readonly document: JsonDocument;

  /** @param file the existing file; `undefined` if it is to be created */
  constructor(path: string, file: ConfigFile | undefined) {
    this.path = path;
    this.file = file;
    this.document = file?.document ?? new JsonDocument(new Uint8Array());
  }

  /** One sentence that says why nothing can be added to it, or `undefined`. */
  get refusal(): string | undefined {
    const { file, document, path } = this;
    if (file?.refusal !== undefined) return `${file.refusal}.`;
    const servers = document.find(['servers']);
    if (servers !== undefined && servers.type !== 'object') return `"servers" in ${path} is not an object.`;
    if (document.isAmbiguous(['servers'])) return `"servers" is in ${path} twice: keep one of them.`;
    if (this.#port === undefined) {
      return `"port" in ${path} must be a port from 1 to 65535: clients have to know the address.`;
    }
    return undefined;
  }

  /** The origin of its servers: `http://127.0.0.1:3000`. */
  get origin(): string {
    const written = this.document.value(['host']);
    const host = typeof written === 'string' ? (ANY_ADDRESS[written] ?? written) : '127.0.0.1';
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`;
  }

  get hasToken(): boolean {
    return this.document.value(['token']) !== undefined;
  }

  /** Whether it has a server of this name that is started in this way; `undefined` if it has none of this name. */
  has(name: string, server: ServerConfig): boolean | undefined {
    const own = this.document.value(['servers', name]);
    if (own === undefined) return undefined;
    // Without a folder, the client may have started it anywhere.
    const keys = STARTED_BY.filter((key) => key !== 'cwd' || server.cwd !== undefined);
    const pick = (entry: unknown): unknown[] =>
      keys.map((key) => (entry as Record<string, unknown> | null)?.[key]);
    return canonicalJson(pick(own)) === canonicalJson(pick(server));
  }

  /** Adds servers at the end. */
  add(servers: Readonly<Record<string, ServerConfig>>): TextEdit[] {
    if (Object.keys(servers).length === 0) return [];
    return this.document.find(['servers']) === undefined
      ? this.document.append([], { servers })
      : this.document.append(['servers'], servers);
  }

  /** Its servers after these edits, as they are written. */
  serversAfter(edits: readonly TextEdit[]): Readonly<Record<string, unknown>> {
    const after = new JsonDocument(Buffer.from(this.document.edited(edits)));
    const plain: unknown = JSON.parse(JSON.stringify(after.value(['servers']) ?? {}));
    return plain as Readonly<Record<string, unknown>>;
  }

  get #port(): number | undefined {
    const port = Number(this.document.value(['port']) ?? 3000);
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  }
}
