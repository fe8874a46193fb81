/** Options of the log. */
import { option } from '../option.js';
import { oneOf } from '../option-kinds.js';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const LOG_FORMATS = ['pretty', 'json'] as const;

export const loggingOptions = {
  /** Least level of log lines, by default `info`. */
  logLevel: option(oneOf(LOG_LEVELS), {
    default: 'info',
    help: `least level of log lines: ${LOG_LEVELS.join(', ')}`,
  }),
  /** How log lines look, by default `pretty` on a terminal and `json` elsewhere. */
  logFormat: option(oneOf(LOG_FORMATS), {
    defaultText: 'pretty on a terminal, json elsewhere',
    help: `how log lines look: ${LOG_FORMATS.join(', ')}`,
  }),
};
