import type { GatewayEmitter, GatewayEvents } from '../events.js';

/** A listener for each event that the subscriber wants. None may throw: `emit` would throw in the session. */
export type GatewayListeners = {
  readonly [Name in keyof GatewayEvents]?: (event: GatewayEvents[Name][0]) => void;
};

/** Adds the listeners, and returns what takes exactly these away again. */
export function subscribe(events: GatewayEmitter, listeners: GatewayListeners): () => void {
  const entries = Object.entries(listeners) as [keyof GatewayEvents, (event: unknown) => void][];
  for (const [name, listener] of entries) events.on(name, listener);
  return () => {
    for (const [name, listener] of entries) events.off(name, listener);
  };
}
