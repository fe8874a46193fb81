/** What requests with a compartment of their own cost beside sessions of the same gateway. */
import { closedLoop, warmUp } from '../client/load.js';
import { McpSession, openSessions } from '../client/mcp-session.js';
import { StatelessClient } from '../client/stateless-client.js';
import type { BenchSettings, Figure, Row } from '../figure.js';
import { bulkhead, type StartServer, withServer } from '../servers/measured-server.js';
import { closeAll, type EraClient } from './sides.js';

const CONNECTIONS = 8;
const TOKEN = 'a-token-of-the-bench-for-one-principal';
const AUTHORIZATION = { authorization: `Bearer ${TOKEN}` };
const SLICE_MS = 1_000;

const ERAS = ['session', 'stateless'] as const;
type Era = (typeof ERAS)[number];
type Clients = Readonly<Record<Era, readonly EraClient[]>>;

/** Calls a second in each era. */
type Rates = Readonly<Record<Era, number>>;

interface Kind {
  readonly name: string;
  readonly start: StartServer;
  /** As many threads in one era as in the other. */
  readonly sessions: string;
  open(url: URL): Promise<Clients>;
}

async function several<Client>(open: () => Client | Promise<Client>): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < CONNECTIONS) clients.push(await open());
  return clients;
}

const KINDS: readonly Kind[] = [
  {
    name: 'principal',
    start: bulkhead('--affinity', 'principal', '--token', TOKEN),
    sessions: 'one session',
    open: async (url) => ({
      session: (await McpSession.open(url, AUTHORIZATION)).lanes(CONNECTIONS),
      stateless: await several(() => new StatelessClient(url, AUTHORIZATION)),
    }),
  },
  {
    name: 'handle',
    start: bulkhead('--affinity', 'handle'),
    sessions: `${CONNECTIONS} sessions`,
    open: async (url) => ({
      session: await openSessions(url, CONNECTIONS),
      stateless: await several(() => StatelessClient.withHandle(url)),
    }),
  },
];

/** The eras take turns in one process, in short slices, so that whatever changes meanwhile falls on both. */
async function ratesOf(clients: Clients, quick: boolean): Promise<Rates> {
  for (const era of ERAS) await warmUp(clients[era], quick);
  const calls = { session: 0, stateless: 0 };
  const ms = { session: 0, stateless: 0 };
  // The order alternates, so that the garbage of one era does not always count for the other.
  const turns: readonly Era[] = ['session', 'stateless', 'stateless', 'session'];
  for (let turn = 0; turn < (quick ? 1 : 3); turn += 1) {
    for (const era of turns) {
      const startMs = performance.now();
      calls[era] += await closedLoop(clients[era], SLICE_MS);
      ms[era] += performance.now() - startMs;
    }
  }
  const rate = (era: Era): number => (calls[era] * 1_000) / ms[era];
  return { session: rate('session'), stateless: rate('stateless') };
}

function measure({ start, open }: Kind, quick: boolean): Promise<Rates> {
  return withServer(start, async ({ url }) => {
    const clients = await open(url);
    try {
      return await ratesOf(clients, quick);
    } finally {
      for (const era of ERAS) await closeAll(clients[era]);
    }
  });
}

export const affinities: Row = {
  name: 'affinities',
  title: 'calls with affinity principal and handle',
  async run({ rounds, quick, progress }: BenchSettings): Promise<Figure[]> {
    const rates = new Map<Kind, Rates[]>(KINDS.map((kind) => [kind, []]));
    for (let round = 1; round <= rounds; round += 1) {
      for (const [kind, taken] of rates) {
        progress(`affinity ${kind.name}: round ${round} of ${rounds}`);
        taken.push(await measure(kind, quick));
      }
    }
    return [...rates].map(([{ name, sessions }, taken]) => ({
      measure: `echo over ${CONNECTIONS} connections, affinity ${name}: calls`,
      unit: 'calls/s',
      bulkhead: taken.map(({ stateless }) => stateless),
      comparedWith: { name: `${sessions} of the same gateway`, values: taken.map(({ session }) => session) },
      goal: { kind: 'ratio at least', value: 0.9 },
    }));
  },
};
