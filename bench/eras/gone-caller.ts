import { setTimeout as delay } from 'node:timers/promises';
import { Admin } from '../client/admin.js';
import { StatelessClient } from '../client/stateless-client.js';
import type { BenchSettings, Figure, Row } from '../figure.js';
import { bulkhead, type MeasuredServer, withServer } from '../servers/measured-server.js';
import { median } from '../statistics.js';

const TITLE = 'kill of a spinning thread after its caller has closed the connection';
const METRIC = 'bulkhead_thread_kill_duration_seconds';
/** Longer than any kill may take, short enough to end by itself where a kill fails. */
const SPIN_MS = 60_000;
/** From the moment a call is shown as running until its handler does so. */
const BEGINNING_MS = 50;
/** The gateway's default. */
const CANCEL_GRACE_MS = 2_000;
const BEYOND_GRACE_MS = 100;

interface Kill {
  /** From the moment the connection is closed until `/sessions` no longer shows the thread. */
  readonly outsideMs: number;
  /** What the gateway itself says, from the first step of the kill ladder. */
  readonly insideMs: number;
}

async function killOne(server: MeasuredServer, admin: Admin): Promise<Kill> {
  const client = new StatelessClient(server.url);
  try {
    // Warms the thread: a handler that has not begun would end without a kill.
    await client.echo();
    const before = await admin.histogram(METRIC);
    const closed = client.spinUntilClosed(SPIN_MS);
    const thread = await admin.untilSessions('a running call', (sessions) => {
      const running = sessions.find(({ requests }) => requests.some(({ tool }) => tool === 'spin'));
      return running?.thread?.thread;
    });
    await delay(BEGINNING_MS);
    const startMs = performance.now();
    await Promise.all([client.close(), closed]);
    await admin.untilSessions('its thread gone', (sessions) =>
      sessions.some((session) => session.thread?.thread === thread) ? undefined : true,
    );
    const outsideMs = performance.now() - startMs;
    return { outsideMs, insideMs: await admin.nextObservationMs(METRIC, before) };
  } finally {
    await client.close();
  }
}

/** How long a tool that never lets go outlives its caller. */
export const goneCaller: Row = {
  name: 'gone-caller',
  title: TITLE,
  async run({ rounds, quick, progress }: BenchSettings): Promise<Figure[]> {
    const count = quick ? 2 : 10;
    const kills: Kill[][] = [];
    for (let round = 1; round <= rounds; round += 1) {
      progress(`${TITLE}: round ${round} of ${rounds}`);
      const start = bulkhead('--affinity', 'request', '--cancel-grace', String(CANCEL_GRACE_MS));
      await withServer(start, async (server) => {
        const admin = new Admin(server);
        try {
          const killed: Kill[] = [];
          while (killed.length < count) killed.push(await killOne(server, admin));
          kills.push(killed);
        } finally {
          await admin.close();
        }
      });
    }
    const outside = kills.map((killed) => killed.map(({ outsideMs }) => outsideMs));
    return [
      {
        measure: `${TITLE}, cancel-grace ${CANCEL_GRACE_MS / 1_000} s: longest of ${count}`,
        unit: 'ms',
        bulkhead: outside.map((times) => Math.max(...times)),
        goal: { kind: 'at most', value: CANCEL_GRACE_MS + BEYOND_GRACE_MS },
        orientation: [
          { name: 'p50', values: outside.map(median) },
          {
            name: 'p50, as the gateway counts it',
            values: kills.map((killed) => median(killed.map(({ insideMs }) => insideMs))),
          },
        ],
      },
    ];
  },
};
