/** Somebody who follows a request to its end, and is told before its answer leaves. */
export interface RequestTrace {
  /**
   * A worker has been given the request.
   * @param readProcessorMs reads how much processor time that worker has used, in milliseconds
   */
  started(readProcessorMs: () => number): void;
  finished(end: RequestEnd): void;
}

export interface RequestEnd {
  /** As `failure` and `reason` of the event `request-finished`. */
  readonly failure?: string | undefined;
  readonly reason?: string | undefined;
  /** The answer as JSON, as far as it is known. */
  readonly answer?: string | undefined;
  /** The call waits for its client, who continues it with another request. */
  readonly isParked?: boolean | undefined;
}
