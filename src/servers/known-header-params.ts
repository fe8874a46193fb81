/**
 * Which arguments of a server's tools their callers repeat in headers, as far as the main thread has been told: by the trial of a
 * module at start, by what was learned of a server, and by workers. So a call is compared with its headers before any worker is
 * involved, and its author reads in the log which tools clients ignore.
 */
import type { HeaderAnnotations, HeaderParam } from '../shared/header-params.js';
import type { Affinity } from '../shared/session-context.js';
import type { GatewayEmitter } from '../telemetry/events.js';

/** Annotated tools that are remembered, and invalid ones that are reported. A server with more invents their names. */
const MAX_TOOLS = 1_000;

export class KnownHeaderParams {
  readonly #server: string;
  readonly #warns: boolean;
  readonly #events: GatewayEmitter;
  readonly #params = new Map<string, readonly HeaderParam[]>();
  readonly #reported = new Set<string>();
  #known = false;

  /** @param affinity `session`: no client minds what is not valid */
  constructor(server: string, affinity: Affinity, events: GatewayEmitter) {
    this.#server = server;
    this.#warns = affinity !== 'session';
    this.#events = events;
  }

  /** Whether anybody has been told of its tools, and nothing has changed since. */
  get known(): boolean {
    return this.#known;
  }

  /** It has been asked for its tools. What it has answered has been learned, unless it was nothing new, or an error. */
  asked(): void {
    this.#known = true;
  }

  /** It says that its tools have changed. What is known of them counts until it has been asked again. */
  changed(): void {
    this.#known = false;
  }

  /** Those of a tool; none if nothing is known of it. */
  of(tool: string): readonly HeaderParam[] {
    return this.#params.get(tool) ?? [];
  }

  /**
   * A worker of the stateless era lists these tools now.
   * @param tools the names of all of them
   */
  learn(tools: Iterable<string>, annotations: HeaderAnnotations): void {
    for (const tool of tools) this.#params.delete(tool);
    this.#add(annotations);
  }

  /** Other sessions have been given these tools: that counts until a worker of the stateless era says something else. */
  presume({ valid, invalid }: HeaderAnnotations): void {
    this.#add({ valid: valid.filter(({ tool }) => !this.#params.has(tool)), invalid });
  }

  #add({ valid, invalid }: HeaderAnnotations): void {
    this.#known = true;
    for (const { tool, params } of valid) {
      this.#params.delete(tool);
      this.#params.set(tool, params);
      for (const [oldest] of this.#params) {
        if (this.#params.size <= MAX_TOOLS) break;
        this.#params.delete(oldest);
      }
    }
    if (!this.#warns) return;
    for (const { tool, property, wrong, hidden } of invalid) {
      const text = JSON.stringify([tool, property, wrong]);
      if (this.#reported.has(text) || this.#reported.size >= MAX_TOOLS) continue;
      this.#reported.add(text);
      this.#events.emit('notice', {
        level: 'warn',
        message: hidden
          ? `clients of protocol 2026-07-28 ${wrong}`
          : `clients of protocol 2026-07-28 ignore the tool "${tool}", because its x-mcp-header is not valid: ${wrong}`,
        fields: {
          server: this.#server,
          tool,
          property: property === '' ? 'inputSchema' : `inputSchema.${property}`,
        },
      });
    }
  }
}
