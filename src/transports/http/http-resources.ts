/** What the connections of both listeners share, and its limits. */
import type { GatewayEmitter, ListenerName } from '../../telemetry/events.js';
import { BodyBudget } from './body-budget.js';
import { Connections } from './connections.js';
import { connectionLimits, descriptorLimit } from './descriptor-limit.js';
import { DescriptorReserve } from './descriptor-reserve.js';
import { OutputBudget } from './output-budget.js';
import { VanishedPeers } from './vanished-peers.js';

/** One address may have half of the connections: a proxy on another machine is one address. */
const ADDRESS_SHARE = 1 / 2;

export interface HttpResourcesOptions {
  readonly events: GatewayEmitter;
  readonly maxBodyBytes: number;
}

export class HttpResources {
  readonly bodies: BodyBudget;
  readonly output: OutputBudget;
  readonly connections: Readonly<Record<ListenerName, Connections>>;
  readonly #vanishedPeers: VanishedPeers;
  readonly #descriptors: DescriptorReserve;

  constructor({ events, maxBodyBytes }: HttpResourcesOptions) {
    this.bodies = new BodyBudget({ events, limitBytes: BodyBudget.limitFor(maxBodyBytes) });
    this.output = new OutputBudget({ events });
    const descriptors = descriptorLimit();
    const limits = connectionLimits(descriptors);
    this.#descriptors = new DescriptorReserve({ events, limit: descriptors });
    this.connections = {
      mcp: new Connections({
        listener: 'mcp',
        events,
        maxConnections: limits.mcp,
        maxPerAddress: Math.floor(limits.mcp * ADDRESS_SHARE),
        closesBusy: false,
        isShort: () => this.#descriptors.short,
      }),
      admin: new Connections({
        listener: 'admin',
        events,
        maxConnections: limits.admin,
        maxPerAddress: limits.admin,
        closesBusy: true,
      }),
    };
    this.#vanishedPeers = new VanishedPeers({ connections: Object.values(this.connections) });
  }

  /** Why no new client can connect, or `undefined`. */
  unready(): string | undefined {
    return this.#descriptors.short
      ? 'Hardly a file descriptor is free: new connections are closed.'
      : undefined;
  }

  close(): void {
    this.#vanishedPeers.close();
    this.#descriptors.close();
  }
}
