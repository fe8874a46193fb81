/** What `list`, `call`, `read` and `prompt` have in common: the way to the server, and every way back. */
import { parseDuration } from '../config/duration.js';
import { optionError } from '../config/option-error.js';
import type { HttpOptions } from './client/client-options.js';
import { httpSession } from './client/http-session.js';
import { InputNeeded, type ServerConnection, ServerError } from './client/server-connection.js';
import { statelessConnection } from './client/stateless-connection.js';
import { readTarget } from './client/target.js';
import { exitAtOnce } from './exit.js';
import { CommandFailure, EXIT_FAILED } from './failure.js';
import { print, safeLine } from './output/safe-text.js';
import { Answers } from './questions/answers.js';
import { parseInputs, renderInputRequests } from './questions/input-requests.js';
import { processTerminal } from './questions/terminal.js';
import { type GivenHeaders, requestHeaders } from './request-headers.js';
import { watchOtherSignals, watchStopSignals } from './signals.js';

/** The flags that choose a server and the way to it, as text. */
export interface ServerFlags extends GivenHeaders {
  /** `undefined` where a command follows `--`. */
  readonly url: string | undefined;
  readonly command: readonly string[] | undefined;
  /** Which server, if the file has several. */
  readonly server: string | undefined;
  readonly timeout: string;
  readonly era: string;
  /** Answers to what the server asks, each `key=json`; `undefined`: the client cannot be asked. */
  readonly inputs: readonly string[] | undefined;
  /** The client's version. */
  readonly version: string;
  /** The system's ids of the threads of libuv's pool, if they are known. */
  readonly libuvPool: readonly number[];
}

/** How a result is printed. */
export type Form = 'text' | 'json' | 'raw';

/** How long a server may take to say that it serves the stateless era, before it is asked for a session. */
const PROBE_MS = 5_000;

const ERAS = ['auto', 'session', 'stateless'] as const;
type Era = (typeof ERAS)[number];

/**
 * Connects, does the work, and closes everything again.
 * @param subject what is interrupted by a signal, for the message
 * @returns the exit code of the work; 1 if the server asks something that nobody answers; that of a signal
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for wrong flags, or if a server that is run here cannot be started
 * @throws {CommandFailure} if there is no connection or no result
 */
export async function withServer(
  flags: ServerFlags,
  { subject, form }: { readonly subject: string; readonly form: Form },
  work: (connection: ServerConnection) => Promise<number>,
): Promise<number> {
  const open = prepare(flags);
  const stop = watchStopSignals(exitAtOnce);
  let connection: ServerConnection | undefined;
  try {
    const opened = await open(stop.signal);
    connection = opened.connection;
    const exitCode = await work(connection);
    for (const key of opened.answers?.unused ?? []) {
      process.stderr.write(`bulkhead: warning: the server did not ask for --input ${key}.\n`);
    }
    return exitCode;
  } catch (error) {
    if (stop.signal.aborted) {
      process.stderr.write(`bulkhead: interrupted: ${subject} was cancelled.\n`);
      return stop.exitCode();
    }
    if (error instanceof InputNeeded) return showQuestions(subject, error, form);
    if (error instanceof ServerError && form === 'raw') {
      printJson({ error: error.error });
      return EXIT_FAILED;
    }
    throw error;
  } finally {
    await connection?.end();
    stop.release();
  }
}

type Open = (
  signal: AbortSignal,
) => Promise<{ readonly connection: ServerConnection; readonly answers: Answers | undefined }>;

/** Checks the flags before anything is started. */
function prepare(flags: ServerFlags): Open {
  const { version, command, cwd, environment, libuvPool, server } = flags;
  const target = readTarget(flags.url, command, cwd);
  const timeoutMs = parseDuration(flags.timeout);
  if (timeoutMs === undefined || timeoutMs === 0) {
    throw optionError(
      `--timeout is ${JSON.stringify(flags.timeout)}, but must be a duration such as 500ms, 30s or 5m.`,
    );
  }
  const era = parseEra(flags.era);
  const answers =
    flags.inputs === undefined ? undefined : new Answers(parseInputs(flags.inputs), processTerminal());
  const client = { version, timeoutMs, answers };
  if (target.kind === 'url') {
    if (server !== undefined) {
      throw optionError('--server chooses a server of a file, but <server> is an address.');
    }
    const { url } = target;
    const headers = requestHeaders(flags);
    return async (signal) => ({
      connection: await connectIn(era, { url, headers, ...client, signal }),
      answers,
    });
  }
  refuseHttpFlags(flags, era);
  return async (signal) => {
    watchOtherSignals(exitAtOnce);
    const { directServer } = await import('./client/direct-server.js');
    const direct = { target, server, environment, cwd, libuvPool };
    return { connection: await directServer({ ...direct, ...client, signal }), answers };
  };
}

/**
 * With `auto`, asks for the stateless era first, and for a session if that is refused, whatever the reason (2026-07-28,
 * Versioning): if there is no server at all, the second attempt says so.
 */
async function connectIn(era: Era, options: HttpOptions): Promise<ServerConnection> {
  if (era === 'session') return httpSession(options);
  const { timeoutMs } = options;
  try {
    return await statelessConnection(options, era === 'auto' ? Math.min(PROBE_MS, timeoutMs) : timeoutMs);
  } catch (error) {
    if (era === 'stateless' || options.signal.aborted || !(error instanceof CommandFailure)) throw error;
  }
  return httpSession(options);
}

function parseEra(text: string): Era {
  const era = ERAS.find((known) => known === text);
  if (era !== undefined) return era;
  throw optionError(`--era is ${JSON.stringify(text)}, but must be one of ${ERAS.join(', ')}.`);
}

/** What only a server at an address has. A token in the environment is meant for another one. */
function refuseHttpFlags({ headers, token, tokenFile }: ServerFlags, era: Era): void {
  const given = [
    headers.length > 0 ? '--header' : [],
    token !== undefined ? '--token' : [],
    tokenFile !== undefined ? '--token-file' : [],
    era === 'stateless' ? '--era stateless' : [],
  ].flat();
  if (given.length === 0) return;
  throw optionError(
    `${given[0]} is for a server at an address: one that is run here has a session over pipes.`,
  );
}

/** @returns the exit code */
function showQuestions(subject: string, { asked }: InputNeeded, form: Form): number {
  if (form === 'json') printJson(asked);
  if (form === 'raw') printJson({ result: asked });
  process.stderr.write(
    `bulkhead: ${safeLine(subject)} asks for input; call it again with the answers:\n${renderInputRequests(asked)}\n`,
  );
  return EXIT_FAILED;
}

/** Prints the value in one line; indented where a person reads it in a terminal. */
export function printJson(value: unknown): void {
  const { isTTY } = process.stdout;
  print(`${JSON.stringify(value, undefined, isTTY ? 2 : undefined)}\n`);
}
