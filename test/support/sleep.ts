/** What tests of sleeping sessions share. */
import type { SessionState } from '../../src/telemetry/snapshot.js';
import { once } from './events.js';
import {
  connectedClient,
  type Gateway,
  type GatewayOptions,
  renewedGateway,
  startGateway,
} from './gateway.js';
import { fixtureModule } from './modules.js';
import { type JsonRpcMessage, type RawClient, textOf } from './raw-client.js';
import type { SseReader } from './sse-reader.js';

const ASLEEP_DEADLINE_MS = 30_000;

const SLEEPY = { serverModule: fixtureModule('sleepy'), sleepAfter: '100ms' };

/** A gateway whose sessions fall asleep soon, with a module made for that. */
export function startSleepyGateway(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  return startGateway({ ...SLEEPY, ...options });
}

/** The same for all tests of a `describe`. */
export function sleepyGateway(options: Partial<GatewayOptions> = {}): () => Gateway {
  return renewedGateway({ ...SLEEPY, ...options });
}

/** `undefined` if there is no such session. */
export function stateOf(
  gateway: Gateway,
  { sessionId }: { sessionId: string | undefined },
): SessionState | undefined {
  return gateway.sessions().find(({ context }) => context.sessionId === sessionId)?.state;
}

/** Waits until the session is asleep and its thread is gone. */
export async function asleep(gateway: Gateway, client: { sessionId: string | undefined }): Promise<void> {
  if (stateOf(gateway, client) === 'asleep') return;
  await once(gateway.events, 'thread-exited', ofSession(client), ASLEEP_DEADLINE_MS);
  const state = stateOf(gateway, client);
  if (state !== 'asleep') throw new Error(`The session lost its thread and is ${state}, not asleep.`);
}

/** Matches events of that session. */
export function ofSession({ sessionId }: { sessionId: string | undefined }) {
  return ({ context }: { readonly context: { readonly sessionId: string } | undefined }): boolean =>
    context?.sessionId === sessionId;
}

/** A client of a session that is asleep, and was awake before. */
export async function sleepingClient(
  gateway: Gateway,
  options?: Parameters<typeof connectedClient>[1],
): Promise<RawClient> {
  const client = await connectedClient(gateway, options);
  await client.call('echo', { text: 'awake' });
  await asleep(gateway, client);
  return client;
}

export interface Kept {
  readonly state: unknown;
  readonly memory: unknown;
  readonly threadId: number;
}

/** The values of this key in `session.state` and in the memory of the session's thread. */
export async function keptBy(client: RawClient, key: string): Promise<Kept> {
  return jsonOf(await client.call('kept', { key })) as Kept;
}

export function jsonOf(answer: JsonRpcMessage): unknown {
  return JSON.parse(textOf(answer));
}

/** The next `notifications/message` on the stream with this data. */
export function messageWith(stream: SseReader, data: string): Promise<JsonRpcMessage> {
  return stream.message(
    ({ method, params }) => method === 'notifications/message' && params?.data === data,
    `the notification ${JSON.stringify(data)}`,
  );
}
