/** The log of a host: its lines are kept, and printed nowhere. */
import { type DestinationStream, levels } from 'pino';

/** More than a test reads. The oldest lines go first. */
const MAX_LINES = 10_000;

/** A line of the gateway's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  /** What the line says besides, such as `sessionId`, `tool`, `reason`, or the fields that a module has logged. */
  readonly [field: string]: unknown;
}

export class HostLog implements DestinationStream {
  readonly lines: LogLine[] = [];

  write(text: string): void {
    const { level, msg, time: _, ...fields } = JSON.parse(text) as Record<string, unknown>;
    const name = typeof level === 'number' ? levels.labels[level] : level;
    this.lines.push({ ...fields, level: String(name), message: String(msg) });
    if (this.lines.length > MAX_LINES) this.lines.shift();
  }
}
