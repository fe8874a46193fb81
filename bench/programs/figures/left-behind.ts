/** What is left of many sessions whose clients vanish, say DELETE, or crash their server. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchSettings, Figure, Row } from '../../figure.js';
import { PeerClient } from '../../peers/clients.js';
import { isRunning, markedProcesses } from '../../peers/marked-processes.js';
import type { StartedPeer } from '../../peers/started-peer.js';
import { SMALL, withBulkhead, withMcpProxy, withSupergateway } from '../sides.js';

const AT_ONCE = 8;
const CRASH_DEADLINE_MS = 5_000;
const POLL_MS = 500;

/** Of the server; the bench's own ends are closed. */
interface Held {
  readonly processes: number;
  readonly threads: number;
  readonly connections: number;
  readonly folders: number;
}

type Left = Held & { readonly opened: number; readonly answered: number };

/** Not all descriptors: a gateway holds some in reserve. */
function connectionsOf(pid: number): number {
  const targets = readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
    } catch {
      // It has been closed since the folder was listed.
      return '';
    }
  });
  return targets.filter((target) => /^(?:socket|pipe):/.test(target)).length;
}

function held({ pid, mark }: StartedPeer, temporaryFolder: string | undefined): Held {
  return {
    processes: markedProcesses(mark).filter((each) => each !== pid).length,
    threads: Number(/^Threads:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0),
    connections: connectionsOf(pid),
    folders: temporaryFolder === undefined ? 0 : readdirSync(temporaryFolder).length,
  };
}

function moreThan(now: Held, before: Held): Held {
  const more = (key: keyof Held): number => Math.max(0, now[key] - before[key]);
  return {
    processes: more('processes'),
    threads: more('threads'),
    connections: more('connections'),
    folders: more('folders'),
  };
}

/** So many at a time. */
async function inTurns<Item>(
  items: readonly Item[],
  run: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      await run(items[index] as Item, index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
}

async function goAway(client: PeerClient, index: number): Promise<void> {
  if (index % 3 === 1) await client.session.delete().catch(() => undefined);
  if (index % 3 === 2) await client.call('crash', {}, CRASH_DEADLINE_MS);
  await client.vanish();
}

/** One session comes and goes before, so that what stays after the first one is no leaving. */
async function leavings(
  started: StartedPeer,
  { count, watchMs }: { readonly count: number; readonly watchMs: number },
  temporaryFolder?: string,
): Promise<Left> {
  const first = await PeerClient.open(started);
  await first.must('echo', { text: 'first' });
  await goAway(first, 1);
  await delay(2_000);
  const before = held(started, temporaryFolder);
  const clients: PeerClient[] = [];
  let answered = 0;
  await inTurns(Array.from({ length: count }), async () => {
    const client = await PeerClient.open(started).catch(() => undefined);
    if (client === undefined) return;
    clients.push(client);
    if ((await client.call('echo', { text: 'one' }))?.kind === 'answered') answered += 1;
  });
  await inTurns(clients, goAway);
  const endMs = performance.now() + watchMs;
  let left = moreThan(held(started, temporaryFolder), before);
  while (Object.values(left).some((number) => number > 0) && performance.now() < endMs) {
    await delay(POLL_MS);
    if (!isRunning(started.pid)) break;
    left = moreThan(held(started, temporaryFolder), before);
  }
  return { ...left, opened: clients.length, answered };
}

const KINDS = [
  ['processes', 'processes'],
  ['threads', 'threads'],
  ['connections', 'sockets and pipes'],
  ['folders', 'temporary folders'],
] as const;

/** A proxy that does not survive is no failure of the bench. */
async function orGone(left: Promise<Left>, progress: (message: string) => void): Promise<Left | undefined> {
  try {
    return await left;
  } catch (error) {
    progress(`failed: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

export const leftBehind: Row = {
  name: 'left-behind',
  title: 'what is left of sessions',
  async run({ quick, progress }: BenchSettings): Promise<Figure[]> {
    const plan = { count: quick ? 30 : 500, watchMs: quick ? 40_000 : 90_000 };
    progress('left behind: Bulkhead');
    const own = await withBulkhead(
      SMALL,
      { lists: 'dynamic' },
      (started) => leavings(started, plan, started.temporaryFolder),
      { options: { maxProcesses: plan.count + 20, maxSessions: plan.count + 20 } },
    );
    progress('left behind: supergateway');
    const supergateway = await orGone(
      withSupergateway(SMALL, (started) => leavings(started, plan)),
      progress,
    );
    progress('left behind: mcp-proxy');
    const proxy = await orGone(
      withMcpProxy(SMALL, (started) => leavings(started, plan)),
      progress,
    );
    const series = (pick: (left: Left) => number) =>
      [
        { name: 'supergateway', left: supergateway },
        { name: 'mcp-proxy', left: proxy },
      ].map(({ name, left }) => ({ name, values: [left === undefined ? Number.NaN : pick(left)] }));
    return [
      {
        measure: `${plan.count} sessions opened, whose first call was answered`,
        unit: '',
        bulkhead: [own.answered],
        orientation: series(({ answered }) => answered),
      },
      ...KINDS.map(
        ([key, name]): Figure => ({
          measure: `a third of them vanish, a third say DELETE, a third crash: ${name} left`,
          unit: '',
          bulkhead: [own[key]],
          goal: { kind: 'at most', value: 0 },
          ...(key !== 'folders' && { orientation: series((left) => left[key]) }),
        }),
      ),
    ];
  },
};
