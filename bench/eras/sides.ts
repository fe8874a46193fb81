/** What is compared: the gateway, and SDK 2 in one thread, without sessions and with them. */
import type { EchoClient } from '../client/load.js';
import { openSessions } from '../client/mcp-session.js';
import { StatelessClient } from '../client/stateless-client.js';
import { alternate, type BenchSettings } from '../figure.js';
import {
  bulkhead,
  type MeasuredServer,
  type StartServer,
  sdk2Sessions,
  sdk2Stateless,
  withServer,
} from '../servers/measured-server.js';

/** A client of either era, with a connection of its own. */
export interface EraClient extends EchoClient {
  /** Keeps a thread of the server busy for so long. */
  spin(ms: number): Promise<void>;
  close(): Promise<void>;
}

interface Side {
  readonly start: StartServer;
  open(url: URL, count: number): Promise<readonly EraClient[]>;
}

async function stateless(url: URL, count: number): Promise<readonly EraClient[]> {
  return Array.from({ length: count }, () => new StatelessClient(url));
}

const SIDES = {
  Bulkhead: { start: bulkhead('--affinity', 'request'), open: stateless },
  'SDK 2': { start: sdk2Stateless, open: stateless },
  'SDK 2, sessions': { start: sdk2Sessions, open: openSessions },
} as const satisfies Readonly<Record<string, Side>>;

export type SideName = keyof typeof SIDES;

export async function closeAll(clients: readonly EraClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()));
}

/** Measures each side once a round with that many clients, each time with a new server. */
export function onEachSide<Result>(
  settings: BenchSettings,
  title: string,
  clientCount: number,
  measure: (clients: readonly EraClient[], server: MeasuredServer) => Promise<Result>,
): Promise<Record<SideName, Result[]>> {
  const on = (name: SideName) => (): Promise<Result> => {
    const { start, open }: Side = SIDES[name];
    return withServer(start, async (server) => {
      const clients = await open(server.url, clientCount);
      try {
        return await measure(clients, server);
      } finally {
        await closeAll(clients);
      }
    });
  };
  return alternate<SideName, Result>(settings, title, {
    Bulkhead: on('Bulkhead'),
    'SDK 2': on('SDK 2'),
    'SDK 2, sessions': on('SDK 2, sessions'),
  });
}

/** The sides of a figure. */
export function sidesOf<Result>(
  results: Readonly<Record<SideName, readonly Result[]>>,
  pick: (result: Result) => number,
) {
  const values = (name: SideName): number[] => results[name].map(pick);
  return {
    bulkhead: values('Bulkhead'),
    comparedWith: { name: 'SDK 2', values: values('SDK 2') },
    orientation: [{ name: 'SDK 2, sessions', values: values('SDK 2, sessions') }],
  };
}
