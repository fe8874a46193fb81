/**
 * The resources that one compartment has been made to watch, because somebody listens: its server was sent
 * `resources/subscribe` for each. The compartment keeps its worker while there is one, the only reason for which a worker
 * stays that nothing is asked of. If the worker dies, another one takes over, and those who listen are told that the
 * resources may have changed meanwhile.
 */
import { performance } from 'node:perf_hooks';
import { Deadline } from '../../shared/deadline.js';

/** Resources that the server has not been asked for by then are not watched: a client waits for its acknowledgement. */
const WATCH_MS = 10_000;
/** Before another worker takes over from one that died; twice as long each time. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** A worker that has lived this long did not die of the subscriptions. */
const PROVEN_MS = 60_000;

/** A compartment whose server can be asked to watch resources. */
export interface WatchingCompartment {
  readonly ended: boolean;
  keep(): void;
  letGo(): void;
  /** Whether its server has accepted. */
  subscribe(uri: string): Promise<boolean>;
  /** Not necessary once the compartment has ended. */
  unsubscribe(uri: string): void;
  /** It is not needed any more. */
  release(): void;
}

export interface WatchedResourcesOwner {
  /** `undefined` if there is no room for one. */
  open(): WatchingCompartment | undefined;
  /** It may have changed, and nobody would have said so. */
  mayHaveChanged(uri: string): void;
  /** Nothing is watched any more. */
  onEmpty(): void;
}

interface Watched {
  /** How many listen. */
  count: number;
  accepted: Promise<boolean>;
}

export class WatchedResources {
  readonly #owner: WatchedResourcesOwner;
  readonly #watched = new Map<string, Watched>();
  #compartment: WatchingCompartment | undefined;
  #takeover: Deadline | undefined;
  /** The worker that takes over has gone as well. */
  #goneAgain = false;
  #pauseMs = FIRST_PAUSE_MS;
  #sinceMs = 0;

  constructor(owner: WatchedResourcesOwner) {
    this.#owner = owner;
  }

  /** Those of the resources that are watched from now on. */
  async watch(uris: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const accepted = new Set<string>();
    const refused: string[] = [];
    const untilMs = performance.now() + WATCH_MS;
    // One after the other: a session has few requests in flight, and calls are among them.
    for (const uri of uris) {
      const known = this.#watched.get(uri);
      if (known === undefined && performance.now() >= untilMs) continue;
      const watched = known ?? this.#begin(uri);
      watched.count += 1;
      if (await watched.accepted) accepted.add(uri);
      else refused.push(uri);
    }
    for (const uri of refused) this.#leave(uri);
    return accepted;
  }

  unwatch(uris: ReadonlySet<string>): void {
    for (const uri of uris) this.#leave(uri);
  }

  /** The compartment has lost its worker, and with it the subscriptions. */
  onWorkerGone(): void {
    if (this.#watched.size === 0) return;
    this.#goneAgain = true;
    if (this.#takeover !== undefined) return;
    if (performance.now() - this.#sinceMs >= PROVEN_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#takeOverLater();
  }

  close(): void {
    this.#takeover?.clear();
    this.#takeover = undefined;
  }

  #begin(uri: string): Watched {
    const watched = { count: 0, accepted: this.#subscribe(uri) };
    this.#watched.set(uri, watched);
    return watched;
  }

  async #subscribe(uri: string): Promise<boolean> {
    const compartment = this.#present();
    return (await compartment?.subscribe(uri)) ?? false;
  }

  /** The compartment; a new one if it has ended. */
  #present(): WatchingCompartment | undefined {
    if (this.#compartment?.ended === false) return this.#compartment;
    this.#compartment = this.#owner.open();
    this.#compartment?.keep();
    this.#sinceMs = performance.now();
    return this.#compartment;
  }

  #leave(uri: string): void {
    const watched = this.#watched.get(uri);
    if (watched === undefined) return;
    watched.count -= 1;
    if (watched.count > 0) return;
    this.#watched.delete(uri);
    const compartment = this.#compartment;
    if (this.#watched.size > 0) return compartment?.unsubscribe(uri);
    this.close();
    this.#compartment = undefined;
    compartment?.unsubscribe(uri);
    compartment?.letGo();
    compartment?.release();
    this.#owner.onEmpty();
  }

  #takeOverLater(): void {
    this.#takeover = new Deadline(this.#pauseMs, () => void this.#takeOver()).unref();
    this.#pauseMs = Math.min(MAX_PAUSE_MS, 2 * this.#pauseMs);
  }

  async #takeOver(): Promise<void> {
    this.#sinceMs = performance.now();
    this.#goneAgain = false;
    let any = false;
    for (const [uri, watched] of this.#watched) {
      watched.accepted = this.#subscribe(uri);
      if (!(await watched.accepted)) continue;
      any = true;
      this.#owner.mayHaveChanged(uri);
    }
    this.#takeover = undefined;
    if (this.#watched.size > 0 && (this.#goneAgain || !any)) this.#takeOverLater();
  }
}
