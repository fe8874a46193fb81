/**
 * An `AbortController` whose signal is made when somebody asks for it. A call that nobody cancels and whose handler
 * does not look makes none: on Node 20 that is a quarter of the protocol layer's time for a call. The build puts it into
 * the SDK's protocol layer as well.
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
