/**
 * How a session's `http_request` resolves names. `dns.lookup` waits in libuv's pool, which all sessions share and which
 * gives half of its threads to name look-ups. A session whose look-ups are never answered may therefore occupy only a
 * few of them. `dns.Resolver` needs no such thread, but does not read /etc/hosts or nsswitch.conf, so local names would
 * not be found.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** At the same time, for each thread, which has one session. Others wait, within the time limit of their request. */
export const MOST_LOOKUPS = 2;

/** Like the given look-up, but with at most this many at the same time; the others wait in order. */
export function boundedLookup(lookup: LookupFunction, most = MOST_LOOKUPS): LookupFunction {
  let running = 0;
  const waiting: (() => void)[] = [];
  return (hostname, options, callback) => {
    const start = (): void => {
      running += 1;
      lookup(hostname, options, (...outcome) => {
        running -= 1;
        waiting.shift()?.();
        callback(...outcome);
      });
    };
    // The queue is at most as long as the session has requests in flight.
    if (running < most) start();
    else waiting.push(start);
  };
}

/** The look-up for all requests of this thread. */
export const sessionLookup: LookupFunction = boundedLookup(systemLookup as LookupFunction);
