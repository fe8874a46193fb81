/**
 * Work that is done once for all who ask for it. Whoever asks while it is being done may have come too late for it, so
 * it is done once more afterwards: for all who have asked by then.
 */
export class JoinedRuns<Request, Result> {
  readonly #work: (request: Request) => Promise<Result>;
  readonly #joined: (one: Request, other: Request) => Request;
  #running: Promise<Result> | undefined;
  #next: { request: Request; readonly result: Promise<Result> } | undefined;

  /** @param joined what is done if two ask for it */
  constructor(
    work: (request: Request) => Promise<Result>,
    joined: (one: Request, other: Request) => Request,
  ) {
    this.#work = work;
    this.#joined = joined;
  }

  /** Resolves when nothing is being done. Never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running.then(noop, noop);
  }

  run(request: Request): Promise<Result> {
    if (this.#next !== undefined) {
      this.#next.request = this.#joined(this.#next.request, request);
      return this.#next.result;
    }
    if (this.#running === undefined) return this.#start(request);
    const next = { request, result: this.#running.then(noop, noop).then(() => this.#startNext()) };
    this.#next = next;
    return next.result;
  }

  #startNext(): Promise<Result> {
    const { request } = this.#next as { request: Request };
    this.#next = undefined;
    return this.#start(request);
  }

  #start(request: Request): Promise<Result> {
    const running = this.#work(request).finally(() => {
      this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}

function noop(): void {}
