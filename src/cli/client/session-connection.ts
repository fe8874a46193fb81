/** A session with a server, up to 2025-11-25, over any transport. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ErrorCode, McpError, ProgressNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { formatDuration } from '../../config/duration.js';
import { CommandFailure } from '../failure.js';
import type { Answers } from '../questions/answers.js';
import { INPUT_REQUEST, type InputRequest } from '../questions/input-requests.js';
import type { ClientOptions } from './client-options.js';
import { Patience } from './patience.js';
import { progressMeta, showProgress } from './progress.js';
import { rootMessage } from './root-message.js';
import {
  InputNeeded,
  type Result,
  type ServerConnection,
  ServerError,
  type ServerFacts,
  type ServerRequest,
} from './server-connection.js';

/** The longest time that a timer can have: the deadline is `Patience`, which a question pauses. */
const NEVER_MS = 2 ** 31 - 1;
const PING_MS = 5_000;
/** A server that still asks for an address to be opened after so many calls is assumed never to stop. */
const MAX_ROUNDS = 100;

const RESULT = z.record(z.string(), z.unknown());
const URLS_REQUIRED = z.object({ elicitations: z.array(z.record(z.string(), z.unknown())).min(1) });

/** What a client answers that does not let its server sample (2025-11-25, Sampling, "Error Handling"). */
const DECLINED = -1;

const KINDS: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};
/** The name that a server gives its question. */
const NAME_META = 'mcp-bulkhead/input-name';

/** A request of this client that has no answer yet. */
interface InFlight {
  readonly patience: Patience;
  /** Aborted with what ends the request. */
  readonly ended: AbortController;
  /** How many questions of each kind it has caused. */
  readonly asked: Map<string, number>;
}

/**
 * Opens the session.
 * @param farewell what precedes the end of the connection
 * @throws {CommandFailure} without a sentence, if there is no answer in time; or what the transport throws
 */
export async function openSession(
  transport: Transport,
  options: ClientOptions,
  farewell: () => Promise<void>,
): Promise<ServerConnection> {
  const { version, timeoutMs, signal, answers } = options;
  const client = new Client(
    { name: 'bulkhead-call', version },
    { capabilities: answers === undefined ? {} : capabilitiesOf(answers) },
  );
  const end = async (): Promise<void> => {
    await farewell();
    await client.close();
  };
  let protocolVersion = '';
  const { setProtocolVersion } = transport;
  transport.setProtocolVersion = (negotiated) => {
    protocolVersion = negotiated;
    setProtocolVersion?.call(transport, negotiated);
  };
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    await orAbort(client.connect(transport, { timeout: timeoutMs }), AbortSignal.any([signal, deadline]));
  } catch (error) {
    await end();
    if (deadline.aborted) throw new CommandFailure(`no answer within ${formatDuration(timeoutMs)}`);
    throw error;
  }
  const { name, title, version: serverVersion } = client.getServerVersion() ?? {};
  const facts = {
    name,
    title,
    version: serverVersion,
    instructions: client.getInstructions(),
    protocolVersion,
    capabilities: { ...client.getServerCapabilities() },
  };
  return new SessionConnection(client, facts, options, end);
}

/** Many servers ask for roots without need as soon as they are initialized: nobody should have to answer that. */
function capabilitiesOf(answers: Answers) {
  return { elicitation: { form: {}, url: {} }, sampling: {}, ...(answers.givesRoots && { roots: {} }) };
}

class SessionConnection implements ServerConnection {
  readonly facts: ServerFacts;
  readonly end: () => Promise<void>;
  readonly #client: Client;
  readonly #options: ClientOptions;
  /** This client has one request at a time; what is asked belongs to it. */
  #inFlight: InFlight | undefined;

  constructor(client: Client, facts: ServerFacts, options: ClientOptions, end: () => Promise<void>) {
    this.facts = facts;
    this.end = end;
    this.#client = client;
    this.#options = options;
    // Not `onprogress`: the SDK removes it when it reads the answer, and loses progress that arrives in the same chunk.
    client.setNotificationHandler(ProgressNotificationSchema, ({ params }) => showProgress(params));
    client.fallbackRequestHandler = async ({ method, params }, extra) =>
      this.#answer(method, params, extra.signal);
  }

  async request(request: ServerRequest): Promise<Result> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      try {
        return await this.#once(request);
      } catch (error) {
        if (!(error instanceof ServerError) || !(await this.#opened(request, error))) throw error;
      }
    }
    throw new CommandFailure(`${request.subject} asked for input ${MAX_ROUNDS} times, and that was not all.`);
  }

  async #once({ method, params, subject }: ServerRequest): Promise<Result> {
    const { signal, timeoutMs } = this.#options;
    const patience = new Patience(timeoutMs);
    const ended = new AbortController();
    this.#inFlight = { patience, ended, asked: new Map() };
    // When the stream of its answer is lost, the SDK leaves a request waiting. A server that still answers a ping may
    // send the answer in another way.
    this.#client.onerror = (error) => {
      const ping = this.#client.ping({ timeout: Math.min(timeoutMs, PING_MS) });
      ping.catch(() => ended.abort(new ConnectionEnded(error)));
    };
    try {
      const asked = { method, params: { ...params, ...progressMeta(method) } };
      return await this.#client.request(asked, RESULT, {
        signal: AbortSignal.any([signal, ended.signal, patience.signal]),
        timeout: NEVER_MS,
      });
    } catch (error) {
      const why: unknown = ended.signal.reason;
      if (why instanceof ConnectionEnded) throw lost(why.cause, error);
      if (ended.signal.aborted) throw why;
      if (isBrokenFetch(error)) throw lost(error, error);
      if (patience.signal.aborted) {
        throw new CommandFailure(`${subject} didn't answer within ${formatDuration(timeoutMs)}.`, {
          cause: error,
        });
      }
      const sentence = `${subject} failed: ${rootMessage(error)}.`;
      if (!(error instanceof McpError)) throw new CommandFailure(sentence, { cause: error });
      if (error.code === ErrorCode.ConnectionClosed) throw lost(error, error);
      throw new ServerError(sentence, rpcErrorOf(error), { cause: error });
    } finally {
      patience.end();
      ended.abort();
      this.#inFlight = undefined;
    }
  }

  /** What the server asks the client. */
  async #answer(method: string, params: unknown, signal: AbortSignal): Promise<Result> {
    const { answers } = this.#options;
    const inFlight = this.#inFlight;
    const request = INPUT_REQUEST.safeParse({ method, params });
    const kind = KINDS[method];
    if (answers === undefined || kind === undefined || !request.success) {
      throw new McpError(ErrorCode.MethodNotFound, `This client does not answer ${method}.`);
    }
    const key = nameOf(request.data, kind, inFlight?.asked ?? new Map());
    const ends = inFlight === undefined ? signal : AbortSignal.any([signal, inFlight.ended.signal]);
    inFlight?.patience.pause();
    try {
      const answer = await answers.answer(key, request.data, ends);
      if (answer !== undefined) {
        if (answer.kind === 'result') return answer.result;
        throw new McpError(DECLINED, 'The user rejected this request.');
      }
    } catch (error) {
      // An answer of the wrong form is the caller's error, not the server's.
      if (!(error instanceof McpError)) inFlight?.ended.abort(error);
      throw error;
    } finally {
      inFlight?.patience.resume();
    }
    const asked = { resultType: 'input_required' as const, inputRequests: { [key]: request.data } };
    inFlight?.ended.abort(new InputNeeded(method, asked));
    throw new McpError(ErrorCode.InvalidRequest, 'Nobody is there to answer.');
  }

  /**
   * A server that needs addresses to be opened answers with an error, and is called again when they are (2025-11-25,
   * Elicitation, "URL Elicitation Required Error").
   * @returns whether to call again
   */
  async #opened({ subject }: ServerRequest, { error, cause }: ServerError): Promise<boolean> {
    const { answers, signal } = this.#options;
    const required = URLS_REQUIRED.safeParse(error.data);
    if (error.code !== ErrorCode.UrlElicitationRequired || !required.success || answers === undefined) {
      return false;
    }
    const requests = required.data.elicitations.map((params, index) => {
      return [`elicitation-${index + 1}`, { method: 'elicitation/create', params }] as const;
    });
    const inputRequests = Object.fromEntries(requests);
    for (const [key, request] of requests) {
      const answer = await answers.answer(key, request, signal);
      if (answer === undefined) {
        throw new InputNeeded(subject, { resultType: 'input_required', inputRequests }, { cause });
      }
      if (answer.kind === 'declined' || answer.result.action !== 'accept') return false;
    }
    return true;
  }
}

/** The stream of the answer broke. */
class ConnectionEnded extends Error {
  constructor(cause: unknown) {
    super('the connection ended', { cause });
  }
}

function lost(reason: unknown, cause: unknown): CommandFailure {
  return new CommandFailure(`The connection was lost: ${rootMessage(reason)}.`, { cause });
}

/** As in the stateless era: the second elicitation of a call is `elicitation-2`, unless its server names it. */
function nameOf({ params }: InputRequest, kind: string, asked: Map<string, number>): string {
  const name = params?._meta?.[NAME_META];
  if (typeof name === 'string' && name !== '') return name;
  const count = (asked.get(kind) ?? 0) + 1;
  asked.set(kind, count);
  return `${kind}-${count}`;
}

/** The SDK puts the code before the message. */
function rpcErrorOf({ code, message, data }: McpError) {
  const own = message.replace(/^MCP error -?\d+: /, '');
  return { code, message: own, ...(data !== undefined && { data }) };
}

/** `fetch` reports everything that goes wrong below HTTP as a `TypeError` with a cause. */
function isBrokenFetch(error: unknown): boolean {
  return error instanceof TypeError && error.cause !== undefined;
}

function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(new CommandFailure('interrupted'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
