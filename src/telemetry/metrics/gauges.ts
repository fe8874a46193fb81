/** The values of the gauges at a scrape. */
import type { GatewaySnapshot } from '../snapshot.js';
import type { Catalogue } from './catalogue.js';
import type { EventLoopDelay } from './event-loop-delay.js';

/** Sets every gauge that reflects the state of the gateway. */
export function readGauges(
  catalogue: Catalogue,
  snapshot: GatewaySnapshot,
  delay: EventLoopDelay,
  moduleSeries: { readonly current: number; readonly limit: number },
): void {
  catalogue.startTime.set(snapshot.startedAtMs / 1000);
  for (const [limit, value] of Object.entries(snapshot.limits)) catalogue.limits.set({ limit }, value);
  catalogue.limits.set({ limit: 'module_series' }, moduleSeries.limit);
  catalogue.draining.set(snapshot.draining ? 1 : 0);

  for (const [state, count] of Object.entries(snapshot.sessions)) catalogue.sessions.set({ state }, count);
  catalogue.requestsInFlight.set(snapshot.requestsInFlight);
  catalogue.parkedCalls.set(snapshot.parkedCalls);
  catalogue.sessionsKept.set(snapshot.sessionsKept);

  for (const [listener, count] of Object.entries(snapshot.connections)) {
    catalogue.connections.set({ listener }, count);
  }

  for (const [state, count] of Object.entries(snapshot.threads)) catalogue.threads.set({ state }, count);
  for (const [state, count] of Object.entries(snapshot.processes)) catalogue.processes.set({ state }, count);
  catalogue.processMemory.set(snapshot.processMemoryBytes);
  for (const [state, count] of Object.entries(snapshot.servers)) catalogue.servers.set({ state }, count);
  catalogue.outdatedWorkers.set(snapshot.outdatedWorkers);
  catalogue.threadWaiters.set(snapshot.threadWaiters);
  catalogue.threadLongestWait.set(snapshot.threadLongestWaitMs / 1000);
  catalogue.sparesTarget.set(snapshot.sparesTarget);
  catalogue.memoryNearlyFull.set(snapshot.memoryNearlyFull ? 1 : 0);
  catalogue.threadMemory.set(snapshot.threadMemoryBytes);
  catalogue.threadHeap.set(snapshot.threadHeapBytes);
  catalogue.threadUtilization.set(snapshot.threadEventLoopUtilization);
  catalogue.libuvPoolWaitAge.set(snapshot.libuvPoolWaitAgeMs / 1000);

  for (const [kind, count] of Object.entries(snapshot.streams)) catalogue.streams.set({ kind }, count);
  catalogue.bufferedBytes.set(snapshot.bufferedBytes);
  catalogue.outputBytes.set(snapshot.outputBytes);
  catalogue.unfinishedBodies.set(snapshot.unfinishedBodyBytes);
  catalogue.eventLogBytes.set(snapshot.eventLogBytes);
  catalogue.sessionStateBytes.set(snapshot.sessionStateBytes);
  catalogue.childProcesses.set(snapshot.childProcesses);

  catalogue.moduleSeries.set(moduleSeries.current);

  catalogue.eventLoopDelayP50.set(delay.p50Seconds);
  catalogue.eventLoopDelayP99.set(delay.p99Seconds);
  catalogue.eventLoopDelayMax.set(delay.maxSeconds);
}
