/**
 * Has large lines read in threads of their own, which end when no more come. A line takes there as long as it takes, and its session
 * waits; the others do not.
 */
import { join } from 'node:path';
import type { Piscina } from 'piscina';
import type { LargeLine, LargeLineRequest } from '../stdio/large-line.js';

/** Each holds a few MiB, and takes some 30 ms to start. */
const MAX_THREADS = 2;
const IDLE_MS = 10_000;
/** A line of 32 MiB that consists of brackets takes 800 MiB when it is parsed. */
const HEAP_MB = 1_024;

export class LargeLineReader {
  #threads: Promise<Piscina<LargeLineRequest, LargeLine>> | undefined;

  /** @throws {Error} if the line could not be read: it needs too much memory, or the system has no thread for it */
  async read(request: LargeLineRequest): Promise<LargeLine> {
    this.#threads ??= started();
    const threads = await this.#threads;
    // A session has one line here at most, so no more wait than there are sessions.
    return threads.run(request, { transferList: [request.bytes.buffer] });
  }
}

async function started(): Promise<Piscina<LargeLineRequest, LargeLine>> {
  // Most gateways never need it.
  const { Piscina: Pool } = await import('piscina');
  return new Pool({
    filename: join(__dirname, 'large-lines.cjs'),
    minThreads: 0,
    maxThreads: MAX_THREADS,
    idleTimeout: IDLE_MS,
    recordTiming: false,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
}
