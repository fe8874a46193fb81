/** Calls of one session while the server of another floods its stdout with what is no message. */
import { openLoop } from '../../client/load.js';
import { closeSessions, openSessions } from '../../client/mcp-session.js';
import { alternate, type BenchSettings, type Figure, type Row } from '../../figure.js';
import { within } from '../../peers/deadline.js';
import { median, quantile } from '../../statistics.js';
import { FLOODING, withBulkhead, withSupergateway } from '../sides.js';

const CALLS_PER_SECOND = 50;
const MB_PER_SECOND = 200;
/** For a server whose other sessions wait. */
const DEADLINE_MS = 60_000;

interface Felt {
  readonly quietMs: number;
  readonly floodedMs: number;
}

async function feel({ url }: { readonly url: URL }, seconds: number): Promise<Felt> {
  const [flooding, ...measured] = await openSessions(url, 2);
  if (flooding === undefined) throw new Error('a session was not opened');
  try {
    const p99 = async (): Promise<number> => {
      const loop = openLoop(measured, CALLS_PER_SECOND, seconds * 1_000);
      return quantile((await within(loop, DEADLINE_MS)) ?? [], 0.99);
    };
    await flooding.echo();
    await p99();
    const quietMs = await p99();
    // The flood must outlast the measurement.
    const flood = flooding.attempt('flood', { seconds: seconds + 0.5, mbPerSecond: MB_PER_SECOND });
    const floodedMs = await p99();
    await within(flood, DEADLINE_MS);
    return { quietMs, floodedMs };
  } finally {
    await closeSessions([flooding, ...measured]);
  }
}

export const flood: Row = {
  name: 'flood',
  title: 'a flood on stdout',
  async run(settings: BenchSettings): Promise<Figure[]> {
    const seconds = settings.quick ? 2 : 10;
    const of = await alternate(settings, 'flood', {
      Bulkhead: () => withBulkhead(FLOODING, {}, (started) => feel(started, seconds)),
      supergateway: () => withSupergateway(FLOODING, (started) => feel(started, seconds)),
    });
    const quiet = { name: 'quiet', values: of.Bulkhead.map(({ quietMs }) => quietMs) };
    const peer = (pick: (felt: Felt) => number) => of.supergateway.map(pick);
    return [
      {
        measure: `${CALLS_PER_SECOND} calls/s of one session, p99, while another's server floods stdout with ${MB_PER_SECOND} MB/s for ${seconds} s`,
        unit: 'ms',
        bulkhead: of.Bulkhead.map(({ floodedMs }) => floodedMs),
        comparedWith: quiet,
        goal: { kind: 'ratio at most', value: 3 },
        orientation: [
          { name: 'supergateway', values: peer(({ floodedMs }) => floodedMs) },
          { name: 'supergateway, quiet', values: peer(({ quietMs }) => quietMs) },
          { name: 'its ratio', values: [median(peer(({ floodedMs, quietMs }) => floodedMs / quietMs))] },
        ],
      },
    ];
  },
};
