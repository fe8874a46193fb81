/** How a session worker is connected: with the ports and the shared memory of a thread, or with the pipes of a process. */
import type { TransferListItem } from 'node:worker_threads';
import type { ChildReportFrame, ChildRequestFrame } from '../../src/shared/keeper-frames.js';
import type { SessionThreadTask } from '../../src/shared/thread-start.js';

/** To the main thread. */
interface MainPort {
  postMessage(posted: unknown): void;
  on(event: 'message', listener: (posted: unknown) => void): unknown;
}

/** To the keeper. It keeps the worker alive only while it is referenced. */
export interface KeeperPort {
  postMessage(frame: ChildRequestFrame, transfer?: readonly TransferListItem[]): void;
  on(event: 'message', listener: (frame: ChildReportFrame) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  ref(): void;
  unref(): void;
}

export interface SessionLink {
  readonly port: MainPort;
  readonly keeperPort: KeeperPort;
  /** Set in the environment, so that processes that the worker starts itself can be recognised. */
  readonly childMarker: string;
  /** See `SharedCounters`; `undefined`: posting blocks by itself while the main thread is too far behind. */
  readonly handledBytes: Int32Array | undefined;
  /** Size of all `session.state` in KiB. */
  readonly stateUsedKib: number;
  /** A message of the client is about to be passed to the server: no other worker may receive it. */
  taken(): void;
}

/** The link of a thread. */
export function threadLink({ port, keeperPort, childMarker, counters }: SessionThreadTask): SessionLink {
  const { handledBytes, stateUsedKib, takenMessages } = counters;
  return {
    port,
    keeperPort,
    childMarker,
    handledBytes,
    get stateUsedKib() {
      return Atomics.load(stateUsedKib, 0);
    },
    taken: () => void Atomics.add(takenMessages, 0, 1),
  };
}
