import { ClientSession } from './client-session.js';
import type { LoadClient, LoadClientObserver, LoadClientSettings } from './load-client.js';
import { StatelessClient } from './stateless-client.js';

/** A client of the plan's era. @param number of the client in its run */
export function newLoadClient(
  settings: LoadClientSettings,
  number: number,
  observer: LoadClientObserver,
): LoadClient {
  const Client = settings.plan.era === 'stateless' ? StatelessClient : ClientSession;
  return new Client(settings, number, observer);
}
