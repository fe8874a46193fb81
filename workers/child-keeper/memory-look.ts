/**
 * Checks once a second the memory of the processes that serve sessions, including everything that these have started.
 */
import { readFileSync } from 'node:fs';
import { HAS_PROCESS_TABLE, lookAtProcesses } from '../../src/shared/process-table.js';
import type { ServedSession } from './served-session.js';

const LOOK_INTERVAL_MS = 1000;

export class MemoryLook {
  readonly #sessions: Iterable<ServedSession>;

  /** @param sessions those that are served at the moment; read at each check */
  constructor(sessions: Iterable<ServedSession>) {
    this.#sessions = sessions;
    if (HAS_PROCESS_TABLE) setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
  }

  #look(): void {
    const [first] = this.#sessions;
    if (first === undefined) return;
    const look = lookAtProcesses();
    if (look === undefined) return;
    for (const session of this.#sessions) session.measure(residentBytes, session.lifetime.find(look));
  }
}

/** proc(5), `/proc/pid/status`. Pages that processes share count for each of them. */
function residentBytes(pids: readonly number[]): number {
  let bytes = 0;
  for (const pid of pids) {
    try {
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
      bytes += Number(kib ?? 0) * 1024;
    } catch {
      // It has ended meanwhile, or no descriptor is left. The next check comes soon.
    }
  }
  return bytes;
}
