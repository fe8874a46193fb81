/** What is counted for each event. */

import type { EndReason } from '../end-reason.js';
import type { GatewayListeners } from '../events.js';
import type { ModuleMetrics } from './aggregate.js';
import type { Catalogue } from './catalogue.js';
import type { FastHistogramChild } from './fast-histogram.js';
import { protocolVersionLabel } from './labels.js';
import { OperationDurations } from './operation-durations.js';

/** Ends that are the server's failure: they set `error.type` (semantic conventions for MCP). */
const FAILED_ENDS: ReadonlySet<EndReason> = new Set([
  'no_secret',
  'no_thread',
  'setup_failed',
  'thread_deaths',
]);

export function createListeners(
  catalogue: Catalogue,
  modules: ModuleMetrics,
  knownTools: () => ReadonlySet<string>,
): GatewayListeners {
  const operations = new OperationDurations(catalogue.operationDuration, knownTools);
  const sessionDurations = new Map<string, FastHistogramChild>();
  const threadStart = catalogue.threadStart.child({});
  const threadClaimWait = catalogue.threadClaimWait.child({});
  const sessionWake = catalogue.sessionWake.child({});
  const threadKill = catalogue.threadKill.child({});
  const libuvPoolWait = catalogue.libuvPoolWait.child({});

  function sessionDuration(protocolVersion: string, reason: EndReason): FastHistogramChild {
    const version = protocolVersionLabel(protocolVersion);
    const errorType = FAILED_ENDS.has(reason) ? reason : '';
    const key = `${version} ${errorType}`;
    let child = sessionDurations.get(key);
    if (child === undefined) {
      child = catalogue.sessionDuration.child({
        error_type: errorType,
        network_transport: 'tcp',
        mcp_protocol_version: version,
      });
      sessionDurations.set(key, child);
    }
    return child;
  }

  return {
    'session-started': ({ context }) => catalogue.sessionsStarted.inc({ transport: context.transport }),
    'session-ended': ({ context, reason, durationMs }) => {
      catalogue.sessionsEnded.inc({ reason, transport: context.transport });
      sessionDuration(context.protocolVersion, reason).observe(durationMs / 1000);
    },

    'session-woke': ({ wakeMs }) => sessionWake.observe(wakeMs / 1000),
    'session-sleeps': ({ reason }) => catalogue.sessionSleeps.inc({ reason }),

    'request-finished': ({ method, tool, failure, context, durationMs }) =>
      operations.observe(method, tool, failure, context.protocolVersion, durationMs / 1000),
    'request-cancelled': ({ reason }) => catalogue.requestsCancelled.inc({ reason }),
    'call-unparked': ({ outcome }) => catalogue.parkedCallsEnded.inc({ outcome }),
    'connection-dropped': ({ listener, reason }) => catalogue.connectionsDropped.inc({ listener, reason }),
    descriptors: ({ state }) => catalogue.descriptorStates.inc({ state }),
    'quota-refused': ({ quota }) => catalogue.quotaRefusals.inc({ quota }),
    'tool-closed': () => catalogue.toolsClosed.inc(),
    rejected: ({ reason }) => catalogue.rejections.inc({ reason }),

    'rule-refused': ({ server, reason, enforced }) =>
      catalogue.ruleRefusals.inc({ server, reason, enforced: String(enforced) }),
    'audit-write-failed': () => catalogue.auditWriteFailures.inc(),

    'server-reloaded': ({ server, result }) => catalogue.serverReloads.inc({ server, result }),
    'lists-learned': ({ outcome }) => catalogue.listsLearned.inc({ outcome }),
    'thread-started': ({ startMs }) => threadStart.observe(startMs / 1000),
    'code-cache-rejected': ({ cache }) => catalogue.codeCacheRejections.inc({ cache }),
    'thread-claimed': ({ kind, waitMs }) => {
      catalogue.threadClaims.inc({ kind });
      threadClaimWait.observe(waitMs / 1000);
    },
    'thread-metrics': ({ thread, metrics }) => modules.report(thread, metrics),
    'thread-exited': ({ thread, cause, killMs, requestsLost }) => {
      catalogue.threadExits.inc({ cause });
      catalogue.requestsLost.inc(requestsLost);
      if (killMs !== undefined) threadKill.observe(killMs / 1000);
      modules.retire(thread);
    },
    'thread-stuck': () => catalogue.threadsStuck.inc(),
    'libuv-pool-probed': ({ waitMs }) => libuvPoolWait.observe(waitMs / 1000),

    'stream-opened': ({ kind }) => catalogue.streamsOpened.inc({ kind }),
    'stream-closed': ({ kind, stalled }) => {
      if (stalled) catalogue.streamsStalled.inc({ kind });
    },
    'stream-resumed': ({ kind, replayed, lost }) => {
      catalogue.streamsResumed.inc({ kind, outcome: lost ? 'lost' : 'replayed' });
      catalogue.eventsReplayed.inc(replayed);
    },
    'events-dropped': ({ events }) => catalogue.eventsDropped.inc(events),
    'response-unmatched': () => catalogue.responsesUnmatched.inc(),

    'module-log': ({ source, level }) => catalogue.moduleLogLines.inc({ source, level }),
    'lines-skipped': ({ lines }) => catalogue.stdoutLinesSkipped.inc(lines),
    'logger-failed': () => catalogue.loggerFailures.inc(),
    'module-log-dropped': ({ lines }) => catalogue.moduleLogLinesDropped.inc(lines),
    'children-killed': ({ processes }) => catalogue.childProcessesKilled.inc(processes),
    'leftovers-ended': ({ processes, folders }) => {
      catalogue.leftoverProcesses.inc(processes);
      catalogue.leftoverFolders.inc(folders);
    },
  };
}
