import type { GatewayEmitter, GatewayEvents } from '../../src/telemetry/events.js';
import { afterThisTest } from './cleanup.js';
import { DEADLINE_MS, withDeadline } from './deadline.js';

export type EventName = keyof GatewayEvents;
export type EventPayload<Name extends EventName> = GatewayEvents[Name][0];

/** The pair of methods of an emitter that is used here, without the emitter's overloads. */
interface Source<Name extends EventName> {
  on(name: Name, listener: (payload: EventPayload<Name>) => void): unknown;
  off(name: Name, listener: (payload: EventPayload<Name>) => void): unknown;
}

/**
 * The next event of that name that satisfies the predicate. Must be called before the action that causes the event.
 * @throws {Error} after `deadlineMs`, with a sentence that names the event and those that did not match
 */
export async function once<Name extends EventName>(
  events: GatewayEmitter,
  name: Name,
  predicate: (payload: EventPayload<Name>) => boolean = () => true,
  deadlineMs = DEADLINE_MS,
): Promise<EventPayload<Name>> {
  const source = events as unknown as Source<Name>;
  const seen: EventPayload<Name>[] = [];
  let listener: ((payload: EventPayload<Name>) => void) | undefined;
  const found = new Promise<EventPayload<Name>>((resolve) => {
    listener = (payload) => {
      if (predicate(payload)) resolve(payload);
      else seen.push(payload);
    };
    source.on(name, listener);
  });
  try {
    return await withDeadline(
      found,
      () => `the event '${name}'; ${seen.length} others did not fit: ${JSON.stringify(seen.slice(0, 5))}`,
      deadlineMs,
    );
  } finally {
    if (listener) source.off(name, listener);
  }
}

/** Every event of that name from now on, in order; the array grows until the end of the test. */
export function collect<Name extends EventName>(events: GatewayEmitter, name: Name): EventPayload<Name>[] {
  const source = events as unknown as Source<Name>;
  const collected: EventPayload<Name>[] = [];
  const listener = (payload: EventPayload<Name>): void => {
    collected.push(payload);
  };
  source.on(name, listener);
  afterThisTest(() => void source.off(name, listener));
  return collected;
}
