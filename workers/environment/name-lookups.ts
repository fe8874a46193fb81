/**
 * How a session's `http_request` resolves names. `dns.lookup` waits in libuv's pool, which all sessions share and which gives
 * name look-ups half of its threads: a session whose look-ups are never answered may hold only a few of them.
 * `dns.Resolver` needs no such thread, but reads neither /etc/hosts nor nsswitch.conf, so that names of the house would be lost.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** At once, for each thread, which has one session. Those behind them wait, and end with their request's own time. */
export const MOST_LOOKUPS = 2;

/** As the given look-up, but no more than so many at once; the others wait in order. */
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
    // The queue is as long as a session has requests in flight: one for each connection.
    if (running < most) start();
    else waiting.push(start);
  };
}

/** The one that all requests of this thread use. */
export const sessionLookup: LookupFunction = boundedLookup(systemLookup as LookupFunction);
