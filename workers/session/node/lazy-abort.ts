/**
 * An `AbortController` whose signal is made on first use. A call that nobody cancels and whose handler does not look at
 * its signal makes none.
 */
export class LazyAbort {
  declare aborted: boolean;
  declare private reason: unknown;
  declare private controller: AbortController | undefined;

  static {
    // Nothing has to be set for a call that nobody aborts.
    LazyAbort.prototype.aborted = false;
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.aborted) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  abort(reason?: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.controller?.abort(reason);
  }
}
