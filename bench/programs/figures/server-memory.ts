/** A session of `server-memory` in a thread and in a process, against the program run by `node` as it is. */
import { join } from 'node:path';
import { alternate, type BenchSettings, type Figure, type Row } from '../../figure.js';
import type { StartedPeer } from '../../peers/started-peer.js';
import { median } from '../../statistics.js';
import { freshFolder, PREFIX } from '../programs.js';
import {
  type AddedMib,
  directInitializeMs,
  directMib,
  initializeMs,
  sessionMib,
  teach,
} from '../session-costs.js';
import { directly, type StdioServer, withBulkhead, withSupergateway } from '../sides.js';

const SCRIPT = join(PREFIX, 'node_modules/@modelcontextprotocol/server-memory/dist/index.js');
/** Of which each round takes the median. */
const TIMES = 3;

interface Cost {
  readonly ms: number;
  readonly mib: AddedMib;
}

function server(): StdioServer {
  const file = join(freshFolder(), 'memory.jsonl');
  return { file: process.execPath, args: [SCRIPT], env: { MEMORY_FILE_PATH: file } };
}

async function costOf({ url, mark, pid }: StartedPeer): Promise<Cost> {
  await teach(url);
  const times: number[] = [];
  while (times.length < TIMES) times.push(await initializeMs(url));
  return { ms: median(times), mib: await sessionMib(url, mark, pid) };
}

async function directCost(): Promise<Cost> {
  const times: number[] = [];
  while (times.length < TIMES) times.push(await directInitializeMs(directly(server(), 'direct')));
  return { ms: median(times), mib: { all: await directMib((mark) => directly(server(), mark)), server: 0 } };
}

/** Without what is learned, so that each session is a start. */
function bulkhead(isolation: 'thread' | 'process'): () => Promise<Cost> {
  return () => withBulkhead(server(), { script: SCRIPT, isolation, lists: 'dynamic', spares: 0 }, costOf);
}

const MOST = { thread: { time: 0.35, memory: 0.7 }, process: { time: 0.7, memory: 0.75 } } as const;
const OWN_MIB = 3;

export const serverMemory: Row = {
  name: 'server-memory',
  title: 'a session of server-memory',
  async run(settings: BenchSettings): Promise<Figure[]> {
    const of = await alternate(settings, 'server-memory', {
      thread: bulkhead('thread'),
      process: bulkhead('process'),
      node: directCost,
      supergateway: () => withSupergateway(server(), costOf),
    });
    const figures = (['thread', 'process'] as const).flatMap((isolation): Figure[] => [
      {
        measure: `server-memory in a ${isolation}: until initialize is answered`,
        unit: 'ms',
        bulkhead: of[isolation].map(({ ms }) => ms),
        comparedWith: { name: 'node', values: of.node.map(({ ms }) => ms) },
        goal: { kind: 'ratio at most', value: MOST[isolation].time },
        orientation: [{ name: 'supergateway', values: of.supergateway.map(({ ms }) => ms) }],
      },
      {
        measure: `server-memory in a ${isolation}: memory of a session`,
        unit: 'MiB',
        bulkhead: of[isolation].map(({ mib }) => mib.all),
        comparedWith: { name: 'node', values: of.node.map(({ mib }) => mib.all) },
        goal: { kind: 'ratio at most', value: MOST[isolation].memory },
        orientation: [{ name: 'supergateway', values: of.supergateway.map(({ mib }) => mib.all) }],
      },
    ]);
    return [
      ...figures,
      {
        measure: "server-memory in a process: the gateway's own part of a session",
        unit: 'MiB',
        bulkhead: of.process.map(({ mib }) => mib.server),
        goal: { kind: 'at most', value: OWN_MIB },
      },
    ];
  },
};
