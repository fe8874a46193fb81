/** The minimum level of log messages that the client has asked for (2025-11-25, Logging). */

const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

/**
 * Kept here and not by the server: both SDKs look it up by the session's id, which most code does not pass when it logs.
 */
export class LogLevel {
  #minimum = 0;

  /** The server has accepted this level. */
  set(level: unknown): void {
    this.#minimum = Math.max(0, LEVELS.indexOf(level as string));
  }

  /** Whether the client has asked not to receive messages of this level. */
  excludes(level: unknown): boolean {
    const severity = LEVELS.indexOf(level as string);
    return severity !== -1 && severity < this.#minimum;
  }
}
