import { Admin } from '../client/admin.js';
import { McpSession } from '../client/mcp-session.js';
import type { BenchSettings, Figure, Row } from '../figure.js';
import { bulkhead, type MeasuredServer, withServer } from '../servers/measured-server.js';
import { median } from '../statistics.js';

const TITLE = 'kill of a spinning thread';
const METRIC = 'bulkhead_thread_kill_duration_seconds';
/** Longer than any kill may take, short enough to end by itself where a kill fails. */
const SPIN_MS = 60_000;

type Trigger = 'notifications/cancelled' | 'DELETE';

interface Kill {
  /** From the moment the client sends until `/sessions` no longer shows the thread. */
  readonly outsideMs: number;
  /** What the gateway itself says, from the first step of the kill ladder. */
  readonly insideMs: number;
}

async function killOne(server: MeasuredServer, admin: Admin, trigger: Trigger): Promise<Kill> {
  const session = await McpSession.open(server.url);
  try {
    await session.warmControl();
    // Wakes the session, so that the tool already runs when it is killed.
    await session.echo();
    const before = await admin.histogram(METRIC);
    const spun = session.spinUntilKilled(SPIN_MS);
    const running = await admin.untilSession(session.id, 'a running call', (snapshot) =>
      Boolean(snapshot?.requests.length),
    );
    const thread = running?.thread?.thread;
    if (thread === undefined) throw new Error('a session with a running call shows no thread');
    const startMs = performance.now();
    const sent = trigger === 'DELETE' ? session.delete() : session.cancelLast();
    await admin.untilSession(
      session.id,
      'its thread gone',
      (snapshot) => snapshot?.thread?.thread !== thread,
    );
    const outsideMs = performance.now() - startMs;
    await Promise.all([sent, spun]);
    const insideMs = await admin.nextObservationMs(METRIC, before);
    if (trigger !== 'DELETE') await session.delete();
    return { outsideMs, insideMs };
  } finally {
    await session.close();
  }
}

/** How long a tool that never lets go outlives its cancel, with nothing granted to it. */
export const kill: Row = {
  name: 'kill',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const count = settings.quick ? 5 : 20;
    const triggers: readonly Trigger[] = ['notifications/cancelled', 'DELETE'];
    const kills: Record<Trigger, Kill[][]> = { 'notifications/cancelled': [], DELETE: [] };
    for (let round = 1; round <= settings.rounds; round += 1) {
      settings.progress(`${TITLE}: round ${round} of ${settings.rounds}`);
      await withServer(bulkhead('--cancel-grace', '0'), async (server) => {
        const admin = new Admin(server);
        try {
          for (const trigger of triggers) {
            const killed: Kill[] = [];
            while (killed.length < count) killed.push(await killOne(server, admin, trigger));
            kills[trigger].push(killed);
          }
        } finally {
          await admin.close();
        }
      });
    }
    return triggers.map((trigger) => ({
      measure: `${TITLE} by ${trigger}, cancel-grace 0: p50`,
      unit: 'ms',
      bulkhead: kills[trigger].map((killed) => median(killed.map(({ outsideMs }) => outsideMs))),
      goal: { kind: 'at most', value: 50 },
      orientation: [
        {
          name: 'as the gateway counts it',
          values: kills[trigger].map((killed) => median(killed.map(({ insideMs }) => insideMs))),
        },
      ],
    }));
  },
};
