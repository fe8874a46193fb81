/** Options of the log. */
import { option } from '../option.js';
import { oneOf } from '../option-kinds.js';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const LOG_FORMATS = ['pretty', 'json'] as const;

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
};
