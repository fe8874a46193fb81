/** What is asked for by all who wait for one run; others may still join it. */
export interface JoinedRun<Request> {
  readonly request: Request;
}

/**
 * Work that is done once for all who ask for it. Whoever asks while it is being done may have come too late for it, so
 * it is done once more afterwards: for all who have asked by then.
 */
export class JoinedRuns<Request, Result> {
  readonly #work: (run: JoinedRun<Request>) => Promise<Result>;
  readonly #joined: (one: Request, other: Request) => Request;
  #running: { readonly run: { request: Request }; readonly result: Promise<Result> } | undefined;
  #next: { request: Request; readonly result: Promise<Result> } | undefined;

  /** @param joined what is done if two ask for it */
  constructor(
    work: (run: JoinedRun<Request>) => Promise<Result>,
    joined: (one: Request, other: Request) => Request,
  ) {
    this.#work = work;
    this.#joined = joined;
  }

  /** Resolves when nothing is being done. Never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running.result.then(noop, noop);
  }

  run(request: Request): Promise<Result> {
    if (this.#next !== undefined) {
      this.#next.request = this.#joined(this.#next.request, request);
      return this.#next.result;
    }
    if (this.#running === undefined) return this.#start(request);
    const over = this.#running.result.then(noop, noop);
    this.#next = { request, result: over.then(() => this.#startNext()) };
    return this.#next.result;
  }

  /** For a caller who knows that it is not too late for what is being done. `undefined`: nothing is being done. */
  join(request: Request): Promise<Result> | undefined {
    if (this.#running === undefined) return undefined;
    const { run, result } = this.#running;
    run.request = this.#joined(run.request, request);
    return result;
  }

  #startNext(): Promise<Result> {
    const { request } = this.#next as { request: Request };
    this.#next = undefined;
    return this.#start(request);
  }

  #start(request: Request): Promise<Result> {
    const run = { request };
    const result = this.#work(run).finally(() => {
      this.#running = undefined;
    });
    this.#running = { run, result };
    return result;
  }
}

function noop(): void {}
