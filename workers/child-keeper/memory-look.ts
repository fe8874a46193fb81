/**
 * Checks once a second the memory of the processes that serve sessions, including everything that these have started.
 */
import { readFileSync } from 'node:fs';
import {
  HAS_PROCESS_TABLE,
  lookAtProcesses,
  lookAtTrees,
  type ProcessLook,
  tellsChildren,
} from '../../src/shared/process-table.js';
import type { ChildLifetime } from './child-lifetime.js';
import type { ServedSession } from './served-session.js';

const LOOK_INTERVAL_MS = 1000;
/** Only a look at all processes finds one that has lost its parent. From then on it is known. */
const LOOKS_FOR_ONE_AT_ALL = 10;

export class MemoryLook {
  readonly #sessions: Iterable<ServedSession>;
  readonly #looksForOneAtAll = tellsChildren() ? LOOKS_FOR_ONE_AT_ALL : 1;
  #looks = 0;

  /** @param sessions those that are served at the moment; read at each check */
  constructor(sessions: Iterable<ServedSession>) {
    this.#sessions = sessions;
    if (HAS_PROCESS_TABLE) setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
  }

  #look(): void {
    const [first] = this.#sessions;
    if (first === undefined) return;
    this.#looks += 1;
    const all = this.#looks % this.#looksForOneAtAll === 0 ? lookAtProcesses() : undefined;
    if (all === undefined && this.#looksForOneAtAll === 1) return;
    for (const session of this.#sessions)
      session.measure((lifetime) => residentBytes(lifetime, all ?? lookAtTrees(lifetime.roots)));
  }
}

/** proc(5), `/proc/pid/status`. Pages that processes share count for each of them. */
function residentBytes(lifetime: ChildLifetime, look: ProcessLook | undefined): number | undefined {
  if (look === undefined) return undefined;
  let bytes = 0;
  for (const pid of lifetime.find(look)) {
    try {
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
      bytes += Number(kib ?? 0) * 1024;
    } catch {
      // It has ended meanwhile, or no descriptor is left. The next check comes soon.
    }
  }
  return bytes;
}
