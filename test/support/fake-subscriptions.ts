/** The subscriptions to one server, over connections and a server that do what the test says. */
import { expect } from 'chai';
import type { StartFailure } from '../../src/delivery/start-failure.js';
import type { ConnectionOwner, StreamConnection } from '../../src/delivery/stream-connection.js';
import { StreamTotals } from '../../src/delivery/stream-totals.js';
import { type ListenedServer, Subscriptions } from '../../src/delivery/subscriptions.js';
import type { DeclaredNotifications } from '../../src/shared/declared-notifications.js';
import type { RequestId } from '../../src/shared/request-id.js';
import { NOBODY } from '../../src/shared/session-context.js';
import { GatewayEmitter } from '../../src/telemetry/events.js';

export const ALL: DeclaredNotifications = {
  tools: true,
  prompts: true,
  resources: true,
  logging: true,
  subscribe: true,
};
export const EVERY_LIST = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };

interface Message {
  readonly id?: RequestId;
  readonly method?: string;
  readonly params?: {
    readonly _meta: Record<string, unknown>;
    readonly notifications?: object;
    uri?: string;
  };
  readonly result?: object;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: object };
}

class Connection implements StreamConnection {
  owner: ConnectionOwner | undefined;
  readonly messages: Message[] = [];
  answered: Message | undefined;
  opened = false;
  ended = false;
  /** Whether what is written leaves at once. */
  flows = true;

  answer(body: string): boolean {
    this.answered = JSON.parse(body) as Message;
    return true;
  }

  fail(failure: StartFailure): void {
    throw new Error(`not a start: ${failure.outcome}`);
  }

  nothing(): void {
    throw new Error('a subscription has something to say');
  }

  open(primingId?: string, retryMs?: number): void {
    expect([primingId, retryMs]).to.deep.equal([undefined, undefined]);
    this.opened = true;
  }

  write(id: string | undefined, body: string): boolean {
    expect(id).to.equal(undefined);
    expect(this.ended).to.equal(false);
    this.messages.push(JSON.parse(body) as Message);
    return this.flows;
  }

  end(): boolean {
    this.ended = true;
    return true;
  }

  drain(): void {
    this.flows = true;
    this.owner?.onDrain(this);
  }

  close(): void {
    this.owner?.onClose(this);
  }

  /** Methods and URIs of what has arrived after the acknowledgement. */
  get told(): string[] {
    return this.messages
      .slice(1)
      .map(({ method = 'response', params }) =>
        [method.replace('notifications/', ''), params?.uri].filter((part) => part !== undefined).join(' '),
      );
  }
}

export class Server implements ListenedServer {
  readonly serverInfo = { name: 'notes', version: '1.0.0' };
  says: DeclaredNotifications | Promise<DeclaredNotifications> = ALL;
  /** Of the resources that it is asked to watch. */
  watches: (uris: ReadonlySet<string>) => Promise<ReadonlySet<string>> = (uris) => Promise.resolve(uris);
  readonly watching = new Map<string, number>();

  declared(): DeclaredNotifications | Promise<DeclaredNotifications> {
    return this.says;
  }

  async watch(uris: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const watched = await this.watches(uris);
    for (const uri of watched) this.watching.set(uri, (this.watching.get(uri) ?? 0) + 1);
    return watched;
  }

  unwatch(uris: ReadonlySet<string>): void {
    for (const uri of uris) {
      const left = (this.watching.get(uri) ?? 0) - 1;
      if (left === 0) this.watching.delete(uri);
      else this.watching.set(uri, left);
    }
  }
}

export function hubOf(server = new Server()) {
  const totals = new StreamTotals();
  const events = new GatewayEmitter();
  const rejected: string[] = [];
  events.on('rejected', ({ reason }) => rejected.push(reason));
  const hub = new Subscriptions(server, { totals, events });
  const listen = (
    notifications: unknown,
    { id = 1, principal = 'ann' }: { id?: RequestId; principal?: string } = {},
    connection = new Connection(),
  ): Connection => {
    const client = {
      principal,
      identity: NOBODY,
      metadata: {},
      userAgent: undefined,
      remoteAddress: undefined,
    };
    hub.listen({ id, params: { notifications } }, client, connection);
    return connection;
  };
  return { hub, server, totals, rejected, listen };
}
