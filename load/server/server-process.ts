/** Figures of the server's process tree over a run, from its samples. */
import type { ProcessSample, ServerProcessReport, Trend } from '../load-report.js';
import { trend } from './trend.js';

/** A moment is `undefined` if it never came, or if the process had ended before. */
export interface ProcessObservation {
  readonly pid: number;
  /** Earliest first. */
  readonly samples: readonly ProcessSample[];
  readonly beforeFirstSession: ProcessSample | undefined;
  /** The end of the ramp. */
  readonly allOpen: ProcessSample | undefined;
  readonly holdStart: ProcessSample | undefined;
  readonly holdEnd: ProcessSample | undefined;
  /** Sessions that were open at `allOpen`. */
  readonly openSessions: number;
  /** Tool calls of the hold. */
  readonly holdCalls: number;
  readonly stopped: ServerProcessReport['stopped'];
}

export function serverProcessReport(observation: ProcessObservation): ServerProcessReport {
  const { pid, samples, beforeFirstSession, allOpen, holdStart, holdEnd, stopped } = observation;
  const held =
    holdStart === undefined ? [] : samples.filter(({ atMs }) => isWithin(atMs, holdStart, holdEnd));
  const trendOf = (figure: 'residentBytes' | 'threads' | 'descriptors'): Trend | null =>
    trend(held.map((sample) => ({ atMs: sample.atMs, value: sample[figure] })));
  return {
    pid,
    samples,
    bytesPerSession: share(beforeFirstSession, allOpen, 'residentBytes', observation.openSessions),
    cpuMsPerSession: share(beforeFirstSession, allOpen, 'cpuMs', observation.openSessions),
    cpuMsPerCall: share(holdStart, holdEnd, 'cpuMs', observation.holdCalls),
    trends: {
      residentBytes: trendOf('residentBytes'),
      threads: trendOf('threads'),
      descriptors: trendOf('descriptors'),
    },
    ...(stopped !== undefined && { stopped }),
  };
}

/** If a run was interrupted, the hold lasts until its last sample. */
function isWithin(atMs: number, from: ProcessSample, to: ProcessSample | undefined): boolean {
  return atMs >= from.atMs && (to === undefined || atMs <= to.atMs);
}

/** How much a figure rose between two moments, divided by a number of things. */
function share(
  from: ProcessSample | undefined,
  to: ProcessSample | undefined,
  figure: 'residentBytes' | 'cpuMs',
  count: number,
): number | null {
  if (from === undefined || to === undefined || count === 0) return null;
  return (to[figure] - from[figure]) / count;
}
