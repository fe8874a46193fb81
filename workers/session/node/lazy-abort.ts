/**
 * An `AbortController` whose signal is created on first use. A call that nobody cancels, and whose handler does not use
 * its signal, creates none.
 */
export class LazyAbort {
  declare aborted: boolean;
  declare private reason: unknown;
  declare private controller: AbortController | undefined;

  static {
    // On the prototype, so that a call that is not aborted sets nothing.
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
