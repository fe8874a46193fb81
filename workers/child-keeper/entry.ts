/**
 * Entry of the child keeper: the one thread that starts and reaps the child processes of all sessions. It runs no
 * module's code, and ends only with the gateway. If the whole gateway is killed with SIGKILL, nothing can be done here:
 * child processes then live until they notice that their pipes are closed, or the next gateway ends them (`leftovers/`).
 */
import { getPriority } from 'node:os';
import { isMainThread, workerData } from 'node:worker_threads';
import type {
  ChildKeeperData,
  ChildRequestFrame,
  KeeperCommandFrame,
  KeeperReportFrame,
  ServeFrame,
  ServeModuleFrame,
} from '../../src/shared/keeper-frames.js';
import { KeptThread } from './kept-thread.js';
import { LargeLineReader } from './large-line-reader.js';
import { LifetimeReaper } from './lifetime-reaper.js';
import { MemoryLook } from './memory-look.js';
import { ServedSession } from './served-session.js';

if (isMainThread) throw new Error('The child-process keeper must be started as a worker thread.');

const { mainPort, niceIncrement } = workerData as ChildKeeperData;
/** 19 is the highest nice value. */
const niceness = niceIncrement === 0 ? undefined : Math.min(getPriority() + niceIncrement, 19);
const reaper = new LifetimeReaper();
const largeLines = new LargeLineReader();
const threads = new Map<number, KeptThread>();
const served = new Map<number, ServedSession>();
new MemoryLook({ [Symbol.iterator]: () => served.values() });

function tellMain(frame: KeeperReportFrame): void {
  mainPort.postMessage(frame);
}

async function keep({ thread, port, frames }: KeeperCommandFrame & { type: 'connect' }): Promise<void> {
  const services = { reaper, niceness, largeLines, tellMain };
  const [first, ...rest] = frames;
  if (servesSession(first)) {
    const session = new ServedSession(thread, port, first, services);
    await keepUntilReleased(thread, session, served, rest);
  } else {
    const kept = new KeptThread(thread, port, services);
    await keepUntilReleased(thread, kept, threads, frames as readonly ChildRequestFrame[]);
  }
}

async function keepUntilReleased<
  Frame,
  Kept extends { receive(frame: Frame): void; released: Promise<void> },
>(thread: number, kept: Kept, all: Map<number, Kept>, frames: readonly Frame[]): Promise<void> {
  all.set(thread, kept);
  for (const frame of frames) kept.receive(frame);
  await kept.released;
  all.delete(thread);
  tellMain({ type: 'released', thread });
}

function servesSession(frame: unknown): frame is ServeFrame | ServeModuleFrame {
  const type = typeof frame === 'object' && frame !== null ? (frame as { type?: unknown }).type : undefined;
  return type === 'serve' || type === 'serve-module';
}

async function close(): Promise<void> {
  const all = [...threads.values(), ...served.values()];
  for (const kept of all) kept.close();
  await Promise.all(all.map((kept) => kept.released));
  tellMain({ type: 'closed' });
}

mainPort.on('message', (frame: KeeperCommandFrame) => {
  switch (frame.type) {
    case 'connect':
      void keep(frame);
      return;
    case 'end':
      threads.get(frame.thread)?.close();
      served.get(frame.thread)?.close();
      return;
    case 'close':
      void close();
      return;
    default:
      throw new TypeError(`Unknown frame from the main thread: ${JSON.stringify(frame satisfies never)}`);
  }
});
