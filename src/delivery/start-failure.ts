/** Why a session could not start: what answers its `initialize`. */
export interface StartFailure {
  /**
   * `refused`: the server answered with an error of its own. `failed`: its worker did not start, or did not come
   * through `setup`. `no_capacity`: no worker could be had in time; it may be tried again.
   */
  readonly outcome: 'refused' | 'failed' | 'no_capacity';
  /** The JSON-RPC error response. */
  readonly body: string;
}
