/** Options of the log. */
import { option } from '../option.js';
import { oneOf, onOrOff } from '../option-kinds.js';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const LOG_FORMATS = ['pretty', 'json'] as const;
const ERROR_DETAILS = ['message', 'full'] as const;

export const loggingOptions = {
  /** Minimum log level, by default `info`. */
  logLevel: option(oneOf(LOG_LEVELS), {
    default: 'info',
    help: `minimum log level: ${LOG_LEVELS.join(', ')}`,
  }),
  /** Format of log lines, by default `pretty` on a terminal and `json` elsewhere. */
  logFormat: option(oneOf(LOG_FORMATS), {
    defaultText: 'pretty on a terminal, json elsewhere',
    help: `format of log lines: ${LOG_FORMATS.join(', ')}`,
  }),
  /** Whether JSON log lines have `"level":"info"` in place of pino's `"level":30`, by default `false`. */
  logLevelLabels: option(onOrOff, {
    default: false,
    help: 'JSON log lines have `"level":"info"` in place of `"level":30`',
  }),
  /**
   * How much of what a server module throws the log shows: `message`, or `full` with its stack. By default `full` on a
   * terminal and at log level `debug`, `message` elsewhere. What ends a thread always has its stack.
   */
  errors: option(oneOf(ERROR_DETAILS), {
    defaultText: 'full on a terminal or at log level debug, message elsewhere',
    help: `how much of an error the log shows, its stack or only its message: ${ERROR_DETAILS.join(', ')}`,
  }),
};
