/**
 * The gateway's log: writes events as lines to stderr, so that stdout has only what the command itself prints. What
 * clients and server modules send is data: it is cut, its control characters are escaped, and what looks like a secret
 * is left out. Arguments, results and tokens are never logged; the messages of errors are.
 */
import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino';
import { authorStack } from '../../shared/author-stack.js';
import { printableLines } from '../../shared/printable.js';
import type { SessionContext } from '../../shared/session-context.js';
import { AdmissionWindow } from '../admission-window.js';
import type {
  GatewayEmitter,
  GatewayListeners,
  RejectedRequest,
  RequestFacts,
  ThreadExitCause,
} from '../events.js';
import type { RejectionReason } from '../rejection-reason.js';
import { type GatewayLogger, type LogWriter, writerOf } from './given-logger.js';
import { type LogOutput, openStandardError, unbuffered } from './log-output.js';
import { printable, printableFields } from './log-text.js';
import { prettyStream } from './pretty-line.js';
import { wantsColor } from './terminal.js';

/** How many rejected requests are reported at `warn` in each window: a port scan must not fill the disk. */
const REJECTIONS_PER_WINDOW = 5;
const REJECTION_WINDOW_MS = 10_000;

export interface LogOptions {
  readonly events: GatewayEmitter;
  readonly level: LevelWithSilent;
  readonly format: 'pretty' | 'json';
  /** Whether levels in JSON are names instead of pino's numbers. */
  readonly levelLabels?: boolean;
  /** stderr if it is left out. */
  readonly destination?: DestinationStream;
}

export interface Log {
  readonly logger: Logger;
  /** Removes the listeners and resolves when every line is written. */
  close(): Promise<void>;
}

/** Subscribes to the events and starts to write. */
export function createLog({ events, level, format, levelLabels = false, destination }: LogOptions): Log {
  const output: LogOutput =
    destination === undefined ? openStandardError(levelLabels) : unbuffered(destination);
  const terminal = destination === undefined && process.stderr.isTTY === true ? process.stderr : undefined;
  const stream =
    format === 'pretty'
      ? prettyStream(output, { colorize: wantsColor(process.env, terminal), width: () => terminal?.columns })
      : output;
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      ...(levelLabels && { formatters: { level: (label: string) => ({ level: label }) } }),
    },
    stream,
  );
  const unsubscribe = events.subscribe(createListeners(logger));
  return {
    logger,
    async close() {
      unsubscribe();
      await output.close();
    },
  };
}

/** Passes the lines on to the logger of an embedding program. What is written, and when, is up to it. */
export function forwardLog(events: GatewayEmitter, logger: GatewayLogger): Pick<Log, 'close'> {
  const writer = writerOf(logger, (message) => events.emit('logger-failed', { message }));
  const unsubscribe = events.subscribe(createListeners(writer));
  return {
    async close() {
      unsubscribe();
    },
  };
}

const DESCRIPTOR_LINES = {
  high: {
    level: 'warn',
    message: 'more than 80 % of the file descriptors that the process may have are open',
  },
  exhausted: {
    level: 'error',
    message:
      'almost no file descriptor is free: new MCP connections are closed until some are; a tool may leak them, or the limit (ulimit -n) is too low',
  },
  eased: { level: 'info', message: 'file descriptors are free again' },
} as const;
/**
 * Actions of the client, or what a tool reports about its own work: a cancellation, -32601 and -32602 (JSON-RPC 2.0,
 * 5.1), -32042 (URL elicitation).
 */
const NOT_THE_SERVERS_FAULT: ReadonlySet<string> = new Set([
  'cancelled',
  'tool_error',
  '-32601',
  '-32602',
  '-32042',
]);

/**
 * A client with an old version in its header fails in every call, for which there is an option; and an `authenticate` that
 * takes too long keeps everybody out.
 */
const SAID_REASONS: ReadonlySet<RejectionReason> = new Set(['version_header', 'authentication_failed']);

const QUIET_EXITS: ReadonlySet<ThreadExitCause> = new Set(['ended', 'slept']);

function createListeners(logger: LogWriter): GatewayListeners {
  const rejections = new AdmissionWindow(REJECTIONS_PER_WINDOW, REJECTION_WINDOW_MS);
  const drops = new AdmissionWindow(REJECTIONS_PER_WINDOW, REJECTION_WINDOW_MS);
  return {
    'session-started': ({ context }) => logger.info(describe(context), 'session started'),
    'session-ended': ({ context, reason, durationMs, requests }) =>
      logger.info(
        { ...describe(context), reason, durationMs: Math.round(durationMs), requests },
        'session ended',
      ),
    'request-finished': (request) => {
      const { failure, reason = failure, durationMs, message, stack } = request;
      if (failure === undefined) return;
      const isServersFault = !NOT_THE_SERVERS_FAULT.has(failure);
      const fields = {
        ...describeRequest(request),
        reason,
        durationMs: Math.round(durationMs),
        ...(message !== undefined && { detail: printable(message) }),
        ...shownStack(stack && authorStack(stack)),
      };
      logger[isServersFault ? 'warn' : 'info'](
        fields,
        failure === 'cancelled' ? 'call cancelled' : 'call failed',
      );
    },
    'request-cancelled': (request) =>
      logger.debug({ ...describeRequest(request), reason: request.reason }, 'call is being cancelled'),
    rejected: ({ reason, status, sessionId, remoteAddress, request, detail }) => {
      const fields = {
        reason,
        status,
        sessionId: optional(sessionId),
        remoteAddress,
        ...(request !== undefined && describeRejected(request)),
        ...(detail !== undefined && { detail: printable(detail) }),
      };
      // Whoever is refused access asks for the reason; and a fault of the gateway is reported at any level.
      if (!SAID_REASONS.has(reason) && status !== 401 && status !== 403 && status !== 500) {
        logger.debug(fields, 'request refused');
        return;
      }
      const suppressed = rejections.admit();
      if (suppressed === undefined) logger.debug(fields, 'request refused');
      else logger.warn({ ...fields, ...(suppressed > 0 && { suppressed }) }, 'request refused');
    },
    'quota-refused': ({ quota, principal, remoteAddress, unreported }) => {
      if (unreported === undefined) return;
      const fields = {
        quota,
        principal: printable(principal),
        remoteAddress,
        ...(unreported > 0 && { suppressed: unreported }),
      };
      logger.warn(fields, 'quota exceeded: requests are refused');
    },
    'tool-closed': ({ server, tool, principal, remoteAddress }) =>
      logger.warn(
        { server, tool: printable(tool), principal: printable(principal), remoteAddress },
        'tool closed for a minute: its calls have ended too many threads or processes',
      ),
    descriptors: ({ state, open, limit }) => {
      const { level, message } = DESCRIPTOR_LINES[state];
      logger[level]({ open, limit }, message);
    },
    'connection-dropped': ({ listener, reason, remoteAddress, detail }) => {
      const fields = {
        listener,
        reason,
        remoteAddress,
        ...(detail !== undefined && { detail: printable(detail) }),
      };
      const suppressed = drops.admit();
      if (suppressed === undefined) logger.debug(fields, 'connection closed by the gateway');
      else
        logger.warn({ ...fields, ...(suppressed > 0 && { suppressed }) }, 'connection closed by the gateway');
    },
    'thread-started': ({ thread, isolation, startMs, niceness }) =>
      logger.debug({ thread, startMs: Math.round(startMs), niceness }, `${isolation} started`),
    'thread-exited': ({
      thread,
      isolation,
      cause,
      message,
      stack,
      killMs,
      context,
      requestsLost,
      running,
    }) => {
      const fields = {
        thread,
        cause,
        ...identify(context),
        ...(message !== undefined && { detail: printable(message) }),
        // At any level: it is rare, and there may be no second time.
        ...shownStack(stack && (authorStack(stack) ?? stack)),
        ...(killMs !== undefined && { killMs: Math.round(killMs) }),
        ...(requestsLost > 0 && { requestsLost }),
        ...describeRunning(running),
      };
      logger[QUIET_EXITS.has(cause) ? 'debug' : 'warn'](fields, `${isolation} exited`);
    },
    'thread-stuck': ({ thread, isolation, context, running }) =>
      logger.error(
        { thread, ...identify(context), ...describeRunning(running) },
        `${isolation} was told to terminate and still runs: a native call blocks it`,
      ),
    'events-dropped': ({ context, events }) =>
      logger.warn(
        { ...identify(context), events },
        'events were dropped from the event log before the client received them',
      ),
    'response-unmatched': ({ context }) =>
      logger.debug(identify(context), 'the client sent a response that matches no request of its server'),
    'module-log': ({ context, key, source, level, message, fields }) =>
      logger[level](
        {
          ...identify(context),
          request: key,
          source,
          ...(fields !== undefined && { fields: printableFields(fields) }),
        },
        printableLines(message),
      ),
    'module-log-dropped': ({ context, lines }) =>
      logger.warn(
        { ...identify(context), lines },
        'log lines of the server module were dropped by the rate limit',
      ),
    'server-reloaded': ({ server, result, version, cause, changed, durationMs, error, where }) => {
      const fields = { server, version, cause, durationMs: Math.round(durationMs) };
      if (result === 'reloaded') logger.info({ ...fields, changed }, 'server reloaded');
      else
        logger.error(
          {
            ...fields,
            detail: printable(error ?? ''),
            ...(where !== undefined && { where: printableLines(where) }),
          },
          'server not reloaded: the earlier version stays',
        );
    },
    notice: ({ level, message, fields }) =>
      logger[level](fields === undefined ? {} : printableFields(fields), printable(message)),
  };
}

function shownStack(stack: string | undefined): { readonly stack?: string } {
  return stack === undefined ? {} : { stack: printableLines(stack) };
}

/** The owner of a session, for the lines of its start and end. */
function describe(context: SessionContext) {
  return {
    ...identify(context),
    clientVersion: printable(context.client.version),
    transport: context.transport,
    protocolVersion: printable(context.protocolVersion),
    userAgent: optional(context.userAgent),
    remoteAddress: context.remoteAddress,
    principal: printable(context.principal),
  };
}

function identify(context: SessionContext | undefined) {
  return {
    sessionId: context?.sessionId,
    server: context?.server,
    client: optional(context?.client.name),
  };
}

function describeRequest({ context, key, method, tool }: RequestFacts) {
  return { ...identify(context), request: key, method: printable(method), tool: optional(tool) };
}

function describeRejected({ method, path, host, origin }: RejectedRequest) {
  return { method: optional(method), path: printable(path), host: optional(host), origin: optional(origin) };
}

/** Tools and methods, possibly with names that a client made up. */
function describeRunning(running: readonly string[] = []): { readonly running?: string[] } {
  return running.length === 0 ? {} : { running: running.map(printable) };
}

function optional(text: string | undefined): string | undefined {
  return text === undefined ? undefined : printable(text);
}
