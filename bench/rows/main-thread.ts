/**
 * Where Bulkhead's main thread spends its time while it is fully loaded, from a CPU profile of V8. What a profile
 * costs falls on every category, so only their shares count; calls a second are those of the other rows.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closedLoop, warmUp } from '../client/load.js';
import { closeSessions, openSessions } from '../client/mcp-session.js';
import type { BenchSettings, Figure, Row } from '../figure.js';
import { profiledBulkhead, withServer } from '../servers/measured-server.js';

const SESSIONS = 8;
const CALLS_AT_ONCE = 4;
const TITLE = `main thread, echo over ${SESSIONS} sessions, ${CALLS_AT_ONCE} at once in each`;

/** As V8 writes it: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const CATEGORIES = [
  'posting messages to threads',
  'taking messages from threads',
  'writing to sockets',
  "Node's HTTP and streams",
  "Bulkhead's own code, JSON.parse among it",
  'garbage collection',
  'everything else',
] as const;
type Category = (typeof CATEGORIES)[number];

function categoryOf({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): Category | undefined {
  if (functionName === '(idle)') return undefined;
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === 'postMessage') return 'posting messages to threads';
  if (/^write(v|Utf8String|Latin1String|Buffer)$/.test(functionName) && url === '')
    return 'writing to sockets';
  if (/messageport|event_target|worker\/io/.test(url)) return 'taking messages from threads';
  if (url.startsWith('node:')) return "Node's HTTP and streams";
  if (url.includes('/dist/src/')) return "Bulkhead's own code, JSON.parse among it";
  return 'everything else';
}

/** Microseconds of self time in each category. */
function timesUs({ nodes, samples, timeDeltas }: CpuProfile): Map<Category, number> {
  const categories = new Map(nodes.map(({ id, callFrame }) => [id, categoryOf(callFrame)]));
  const times = new Map<Category, number>(CATEGORIES.map((category) => [category, 0]));
  samples.forEach((id, index) => {
    const category = categories.get(id);
    if (category !== undefined)
      times.set(category, (times.get(category) ?? 0) + Math.max(0, timeDeltas[index] ?? 0));
  });
  return times;
}

async function profile(quick: boolean): Promise<Map<Category, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-profile-'));
  try {
    await withServer(profiledBulkhead(folder), async ({ url }) => {
      const opened = await openSessions(url, SESSIONS);
      const sessions = opened.flatMap((session) => session.lanes(CALLS_AT_ONCE));
      try {
        await warmUp(sessions, quick);
        await closedLoop(sessions, quick ? 2000 : 8000);
      } finally {
        await closeSessions(sessions);
      }
    });
    // CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile; thread 0 is the main thread.
    const file = (await readdir(folder)).find((name) => name.split('.')[4] === '0');
    if (file === undefined) throw new Error('the server has written no profile of its main thread');
    return timesUs(JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const mainThread: Row = {
  name: 'main-thread',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    settings.progress(TITLE);
    const times = await profile(settings.quick);
    const busyUs = [...times.values()].reduce((sum, time) => sum + time, 0);
    return CATEGORIES.map((category) => ({
      measure: `${TITLE}: ${category}`,
      unit: '%',
      bulkhead: [(100 * (times.get(category) ?? 0)) / busyUs],
    }));
  },
};
