/** The clients of the rows that break something: they hold a GET stream, as real ones do, and can vanish. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { holdStream } from '../client/get-stream.js';
import { McpSession, type Outcome } from '../client/mcp-session.js';
import { within } from './deadline.js';
import type { StartedPeer } from './started-peer.js';

const DEADLINE_MS = 10_000;

export class PeerClient {
  readonly session: McpSession;
  readonly #stream: IncomingMessage;
  readonly #socket: Socket;

  private constructor(session: McpSession, stream: IncomingMessage) {
    this.session = session;
    this.#stream = stream;
    this.#socket = stream.socket;
  }

  /** @throws when the peer does not open a session and its stream within 10 s. */
  static async open({ url }: StartedPeer): Promise<PeerClient> {
    const session = await within(McpSession.open(url), DEADLINE_MS);
    if (session === undefined) throw new Error(`opened no session within ${DEADLINE_MS / 1000} s`);
    const stream = await within(holdStream(url, session.id), DEADLINE_MS);
    if (stream?.statusCode === 200) return new PeerClient(session, stream);
    stream?.destroy();
    await session.close();
    throw new Error(stream === undefined ? 'no GET stream' : `GET was answered ${stream.statusCode}`);
  }

  /** A call that has so long to be answered; `undefined` when it was not. */
  call(
    tool: string,
    argument: Readonly<Record<string, unknown>>,
    ms = DEADLINE_MS,
  ): Promise<Outcome | undefined> {
    return within(this.session.attempt(tool, argument), ms);
  }

  /** @throws when the answer is not what a measurement can go on with. */
  async must(tool: string, argument: Readonly<Record<string, unknown>>): Promise<string> {
    const outcome = await this.call(tool, argument);
    if (outcome?.kind === 'answered') return outcome.text;
    throw new Error(`${tool}: ${outcome?.text ?? 'not answered'}`);
  }

  /** Closes all sockets without a word. */
  async vanish(): Promise<void> {
    this.#stream.destroy();
    // A stream that has ended has returned its socket to the agent.
    this.#socket.destroy();
    await this.session.close();
  }
}

/** Runs with so many clients; all have vanished after it. */
export async function withClients<Result>(
  peer: StartedPeer,
  count: number,
  run: (clients: readonly PeerClient[]) => Promise<Result>,
): Promise<Result> {
  const clients: PeerClient[] = [];
  try {
    while (clients.length < count) clients.push(await PeerClient.open(peer));
    return await run(clients);
  } finally {
    await Promise.all(clients.map((client) => client.vanish()));
  }
}

/** The same with one that does something and another that did nothing wrong; both have called the peer once. */
export function withPair<Result>(
  peer: StartedPeer,
  run: (client: PeerClient, other: PeerClient) => Promise<Result>,
): Promise<Result> {
  return withClients(peer, 2, async (clients) => {
    const [client, other] = clients;
    if (client === undefined || other === undefined) throw new Error('a client was not opened');
    for (const each of clients) await each.must('echo', { text: 'before' });
    return run(client, other);
  });
}

/** How a call ended, in a few words. */
export function describe(outcome: Outcome | undefined): string {
  if (outcome === undefined) return `no answer within ${DEADLINE_MS / 1000} s`;
  const ms = outcome.ms.toFixed(0);
  switch (outcome.kind) {
    case 'answered':
      return `answered after ${ms} ms`;
    case 'error':
      return `an error after ${ms} ms`;
    case 'broken':
      return `connection broken after ${ms} ms`;
    default:
      return outcome.kind satisfies never;
  }
}
