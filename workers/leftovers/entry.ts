/**
 * Entry of a thread that ends what dead gateways left behind, reports, and ends itself. It runs beside the start of a
 * gateway. It has a thread of its own because reading about a process can block for as long as that process is stuck in
 * a page fault of a dead file system, and neither sessions nor the child keeper may wait for this.
 */
import { isMainThread, parentPort } from 'node:worker_threads';
import type { LeftoverReport } from '../../src/shared/leftovers.js';
import { LifetimeReaper, type ReapReport } from '../child-keeper/lifetime-reaper.js';
import { clockMs } from '../session/clock.js';
import { removeLeftFolders } from './leftover-folders.js';
import { deadOwners, LeftoverProcesses } from './leftover-processes.js';

/** A process costs some 15 µs, so this is enough for hundreds of thousands. */
const SEARCH_DEADLINE_MS = 5_000;
const NOTHING: ReapReport = { killed: 0, survivors: [] };

if (isMainThread) throw new Error('The search for leftovers must be started as a worker thread.');

async function endLeftovers(): Promise<LeftoverReport> {
  const { owners, complete } = deadOwners(clockMs() + SEARCH_DEADLINE_MS);
  const { killed, survivors } =
    owners.length === 0 ? NOTHING : await new LifetimeReaper().end(new LeftoverProcesses(owners));
  // Only now, because a process may still write to its folder.
  const folders = removeLeftFolders(clockMs() + SEARCH_DEADLINE_MS);
  return {
    processes: killed - survivors.length,
    survivors,
    folders: folders.removed,
    folderFailure: folders.failure,
    complete: complete && folders.complete,
  };
}

void endLeftovers().then((report) => parentPort?.postMessage(report));
