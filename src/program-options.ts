/** Options of `createGateway` that only a program can give: functions and objects of its own. */
import type { IncomingMessage } from 'node:http';
import type { Authenticate } from './auth/program-hook.js';
import { optionError } from './config/option-error.js';
import { type GatewayLogger, LOGGER_METHODS } from './telemetry/log/given-logger.js';

export interface ProgramOptions {
  /** Whether the gateway opens its MCP listener, by default true. Without one, requests come through `handler`. */
  readonly listen?: boolean | undefined;
  /** Whether it opens its admin listener; by default if it opens the other. */
  readonly admin?: boolean | undefined;
  /** Adds data to each session's context. Called with the request that opens it; must return plain data. */
  readonly metadata?: ((request: IncomingMessage) => Readonly<Record<string, unknown>>) | undefined;
  /**
   * Says who makes a request, or refuses it; called for each request to an MCP endpoint, before its body is read. It has
   * 10 s. Where it does not know, `token`, `tokensFile` and `authIssuer` are tried. What it throws is answered with 500 and
   * logged.
   */
  readonly authenticate?: Authenticate | undefined;
  /** Gets the gateway's log lines instead of stderr; `logLevel` and `logFormat` do not apply then. */
  readonly logger?: GatewayLogger | undefined;
}

/** With both listeners. */
export interface Listening {
  readonly listen?: true | undefined;
  readonly admin?: true | undefined;
}

/** @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for the first one that is wrong */
export function checkProgramOptions(options: ProgramOptions): void {
  for (const name of ['listen', 'admin'] as const) expectType(options, name, 'boolean', 'true or false');
  for (const name of ['metadata', 'authenticate'] as const)
    expectType(options, name, 'function', 'a function');
  const { logger } = options;
  if (logger === undefined) return;
  const missing = LOGGER_METHODS.filter((method) => typeof logger?.[method] !== 'function');
  if (missing.length > 0)
    throw optionError(
      `logger must have the methods debug, info, warn and error, but lacks ${missing.join(', ')}.`,
    );
}

function expectType(
  options: ProgramOptions,
  name: keyof ProgramOptions,
  type: string,
  expected: string,
): void {
  const value = options[name];
  if (value === undefined || typeof value === type) return;
  throw optionError(`${name} is a value of type ${typeof value}, but must be ${expected}.`);
}
