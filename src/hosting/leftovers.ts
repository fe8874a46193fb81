/** What a gateway that was killed has left behind, ended by the next one: the log and the metrics of it. */
import { type LeftoverSearch, searchLeftovers } from '../isolation/port/leftovers.js';
import { messageOf } from '../shared/errors.js';
import type { LeftoverReport } from '../shared/leftovers.js';
import type { GatewayEmitter } from '../telemetry/events.js';

/** The first sessions and spares of a gateway start sooner without it, and one that ends at once needs none. */
const DELAY_MS = 1_000;

/** @returns stops it; resolves when nothing of it is left */
export function endLeftovers(events: GatewayEmitter): () => Promise<void> {
  let search: LeftoverSearch | undefined;
  const delay = setTimeout(() => {
    search = searchLeftovers();
    search?.report.then(
      (report) => report && tell(report, events),
      (error: unknown) =>
        warn(events, 'What gateways that were killed left behind could not be searched for.', {
          error: messageOf(error),
        }),
    );
  }, DELAY_MS);
  // A program whose gateway is forgotten may end.
  delay.unref();
  return async () => {
    clearTimeout(delay);
    await search?.stop();
  };
}

function tell(report: LeftoverReport, events: GatewayEmitter): void {
  const { processes, folders, survivors, folderFailure, complete } = report;
  if (processes + folders > 0) {
    events.emit('leftovers-ended', { processes, folders });
    warn(events, 'Ended what gateways that were killed had left behind.', { processes, folders });
  }
  if (survivors.length > 0)
    warn(events, 'Processes that a killed gateway left behind could not be killed.', { pids: survivors });
  if (folderFailure !== undefined)
    warn(events, 'A folder for temporary files that a killed gateway left behind could not be removed.', {
      error: folderFailure,
    });
  if (!complete)
    warn(events, 'The search for what killed gateways left behind took too long, and was ended early.', {});
}

function warn(events: GatewayEmitter, message: string, fields: Readonly<Record<string, unknown>>): void {
  events.emit('notice', { level: 'warn', message, fields });
}
