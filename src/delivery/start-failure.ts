/** Why a session could not start; the answer to its `initialize`. */
export interface StartFailure {
  /**
   * `refused`: the server answered with an error of its own. `failed`: its worker did not start, or failed in `setup`.
   * `no_capacity`: no worker was available in time; the client may try again.
   */
  readonly outcome: 'refused' | 'failed' | 'no_capacity';
  /** Whether no worker was available because its client has as many as it may have. */
  readonly overQuota?: boolean;
  /** The JSON-RPC error response. */
  readonly body: string;
}
