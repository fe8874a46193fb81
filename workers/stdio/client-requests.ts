/** Requests of the client that the program has not answered, by the id by which the program knows them. */
import { isRequestId, type RequestId } from '../../src/shared/request-id.js';

export interface Run {
  readonly method: string;
  readonly progressToken: RequestId | undefined;
  cancelled: boolean;
}

export class ClientRequests {
  readonly #runs = new Map<RequestId, Run>();

  get size(): number {
    return this.#runs.size;
  }

  get ids(): Iterable<RequestId> {
    return this.#runs.keys();
  }

  /** Those that are asked for the list of tools. */
  get toolLists(): RequestId[] {
    return this.#those(({ method }) => method === 'tools/list');
  }

  get cancelled(): RequestId[] {
    return this.#those((run) => run.cancelled);
  }

  get(id: RequestId): Run | undefined {
    return this.#runs.get(id);
  }

  has(id: RequestId): boolean {
    return this.#runs.has(id);
  }

  /** A request is passed to the program. */
  passed(id: RequestId, method: string, params: unknown): void {
    const { progressToken } = (params as { _meta?: { progressToken?: unknown } } | undefined)?._meta ?? {};
    const token = isRequestId(progressToken) ? progressToken : undefined;
    this.#runs.set(id, { method, progressToken: token, cancelled: false });
  }

  /** @returns whether there was one */
  delete(id: RequestId): boolean {
    return this.#runs.delete(id);
  }

  /** The method of each. */
  get methods(): [id: RequestId, method: string][] {
    return [...this.#runs].map(([id, { method }]) => [id, method]);
  }

  /**
   * stdio does not say to which call a request belongs. The latest one is the best guess, and its stream is open.
   * @param may whether a call can be the one
   */
  latest(may: (run: Run) => boolean = () => true): RequestId | undefined {
    let latest: RequestId | undefined;
    for (const [id, run] of this.#runs) if (!run.cancelled && may(run)) latest = id;
    return latest;
  }

  withToken(progressToken: unknown): RequestId | undefined {
    if (!isRequestId(progressToken)) return undefined;
    for (const [id, run] of this.#runs) if (run.progressToken === progressToken && !run.cancelled) return id;
    return undefined;
  }

  #those(wanted: (run: Run) => boolean): RequestId[] {
    return [...this.#runs].filter(([, run]) => wanted(run)).map(([id]) => id);
  }
}
