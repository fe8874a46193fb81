import { LoadFailure } from './failure-kind.js';
import type { LoadClient, LoadClientObserver } from './load-client.js';
import { connectionFailure } from './streamable-wire.js';

/** Why a request failed, as the observer is told, unless the client has vanished. */
export function reportedFailure(
  client: Pick<LoadClient, 'state'>,
  observer: LoadClientObserver,
  method: string,
  error: unknown,
): LoadFailure {
  const failure = error instanceof LoadFailure ? error : connectionFailure(error);
  if (client.state !== 'dropped') observer.onFailure(method, failure);
  return failure;
}
