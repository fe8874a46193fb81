/** The logger of an embedding program, which gets the gateway's log lines instead of stderr. */
import { messageOf } from '../../shared/errors.js';
import { isThenable } from '../../shared/thenable.js';

export const LOGGER_METHODS = ['debug', 'info', 'warn', 'error'] as const;
type Method = (typeof LOGGER_METHODS)[number];

type Write = (fields: object, message: string) => unknown;

/**
 * A logger as pino, Bunyan and Fastify have it: an object of fields first, then the message. `console` will do. It chooses
 * itself what it writes: `logLevel`, `logFormat` and `logLevelLabels` do not apply. `errors` says whether it gets stacks.
 */
export interface GatewayLogger {
  debug(fields: object, message: string): unknown;
  info(fields: object, message: string): unknown;
  warn(fields: object, message: string): unknown;
  error(fields: object, message: string): unknown;
}

/** What writes log lines. */
export type LogWriter = Readonly<Record<Method, (fields: object, message: string) => void>>;

/** Wraps a program's logger: whatever it throws, or its promises reject with, is reported and goes no further. */
export function writerOf(logger: GatewayLogger, onFailure: (message: string) => void): LogWriter {
  const failed = (error: unknown): void => onFailure(messageOf(error));
  const write =
    (method: Method): ((fields: object, message: string) => void) =>
    (fields, message) => {
      try {
        const returned = (logger as Readonly<Record<Method, Write>>)[method](fields, message);
        if (isThenable(returned)) Promise.resolve(returned).catch(failed);
      } catch (error) {
        failed(error);
      }
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}
