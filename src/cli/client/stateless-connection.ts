/** A client of the stateless era (2026-07-28). */
import type { Progress } from '@modelcontextprotocol/sdk/types.js';
import { Pool } from 'undici';
import { z } from 'zod';
import { LoadFailure } from '../../../load/client/failure-kind.js';
import { paramHeaders } from '../../../load/client/param-headers.js';
import {
  type RepeatedInHeaders,
  requestMeta,
  STATELESS_VERSION,
} from '../../../load/client/stateless-message.js';
import { formatDuration } from '../../config/duration.js';
import { META } from '../../shared/stateless-protocol.js';
import { CommandFailure } from '../failure.js';
import { INPUT_REQUIRED, type InputRequired } from '../questions/input-requests.js';
import type { HttpOptions } from './client-options.js';
import { connectFailure } from './http-session.js';
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
import { ConnectionLost, Refused, statelessRequest } from './stateless-request.js';

/** A request that asks more often than this is assumed never to stop. */
const MAX_ROUNDS = 100;

/** Each can be answered, by a flag or by a person. */
const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

const IMPLEMENTATION = z.object({
  name: z.string().optional(),
  title: z.string().optional(),
  version: z.string().optional(),
});
const DISCOVERED = z.object({
  supportedVersions: z.array(z.string()).default([]),
  capabilities: z.record(z.string(), z.unknown()).default({}),
  instructions: z.string().optional(),
  _meta: z.object({ [META.serverInfo]: IMPLEMENTATION.default({}) }).default({ [META.serverInfo]: {} }),
});
const PROGRESS = z.object({
  progressToken: z.unknown(),
  progress: z.number(),
  total: z.number().optional(),
  message: z.string().optional(),
});

/** Members of `params` that are repeated in `Mcp-Name`. */
const NAMED: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/**
 * Asks the server whether it serves this era.
 * @param timeoutMs how long it may take to say so
 * @throws {CommandFailure} if it does not, or not within this time
 */
export async function statelessConnection(
  options: HttpOptions,
  timeoutMs: number,
): Promise<ServerConnection> {
  const { url, signal } = options;
  const requests = new Requests(options);
  try {
    const result = await requests.send({ method: 'server/discover' }, {}, timeoutMs);
    const discovered = DISCOVERED.safeParse(result).data;
    const versions = discovered?.supportedVersions ?? [];
    if (discovered === undefined || !versions.includes(STATELESS_VERSION)) {
      const served = versions.join(', ') || 'no revision that it names';
      throw new Refused(`it serves ${served}`, undefined);
    }
    const { capabilities, instructions, _meta } = discovered;
    const { name, title, version } = _meta[META.serverInfo] ?? {};
    const protocolVersion = STATELESS_VERSION;
    const facts = { name, title, version, instructions, capabilities, protocolVersion };
    return new StatelessConnection(options, requests, facts);
  } catch (error) {
    await requests.end();
    if (signal.aborted || error instanceof ConnectionLost) throw connectFailure(url, error);
    const reason = reasonOf(error, timeoutMs);
    throw new CommandFailure(`${url.href} doesn't serve the stateless era (--era): ${reason}.`, {
      cause: error,
    });
  }
}

class StatelessConnection implements ServerConnection {
  readonly facts: ServerFacts;
  readonly #options: HttpOptions;
  readonly #requests: Requests;

  constructor(options: HttpOptions, requests: Requests, facts: ServerFacts) {
    this.facts = facts;
    this.#options = options;
    this.#requests = requests;
  }

  /** What is asked is answered by sending the request again (2026-07-28, Multi Round-Trip Requests). */
  async request({ method, params, subject, inputSchema }: ServerRequest): Promise<Result> {
    const name = params[NAMED[method] ?? ''];
    const repeated = {
      method,
      ...(typeof name === 'string' && { name }),
      ...(method === 'tools/call' && {
        params: {
          marked: markedIn(subject, inputSchema),
          arguments: params.arguments as Readonly<Record<string, unknown>>,
        },
      }),
    };
    let answers: Result = {};
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const result = await this.#send(subject, repeated, { ...params, ...answers });
      const asks = INPUT_REQUIRED.safeParse(result);
      if (!asks.success) return result;
      const { requestState } = asks.data;
      const inputResponses = await this.#answer(subject, asks.data);
      answers = { inputResponses, ...(requestState === undefined ? {} : { requestState }) };
    }
    throw new CommandFailure(`${subject} asked for input ${MAX_ROUNDS} times, and that was not all.`);
  }

  end(): Promise<void> {
    return this.#requests.end();
  }

  async #answer(subject: string, asked: InputRequired): Promise<Result> {
    const { answers, signal } = this.#options;
    const requests = Object.entries(asked.inputRequests);
    if (answers === undefined || !requests.every(([key]) => answers.has(key))) {
      throw new InputNeeded(subject, asked);
    }
    const responses: [key: string, response: unknown][] = [];
    for (const [key, request] of requests) {
      const answer = await answers.answer(key, request, signal);
      if (answer === undefined) throw new InputNeeded(subject, asked);
      // There is no response that declines it.
      if (answer.kind === 'declined') {
        throw new CommandFailure(`${subject} was not continued: ${request.method} was declined.`);
      }
      responses.push([key, answer.result]);
    }
    return Object.fromEntries(responses);
  }

  async #send(subject: string, repeated: RepeatedInHeaders, params: Result): Promise<Result> {
    const { signal, timeoutMs } = this.#options;
    try {
      return await this.#requests.send(repeated, params, timeoutMs);
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof ConnectionLost) {
        throw new CommandFailure(`The connection was lost: ${error.message}.`, { cause: error });
      }
      if (isTimeout(error)) {
        throw new CommandFailure(`${subject} didn't answer within ${formatDuration(timeoutMs)}.`, {
          cause: error,
        });
      }
      const sentence = `${subject} failed: ${reasonOf(error, timeoutMs)}.`;
      if (!(error instanceof Refused) || error.error === undefined) {
        throw new CommandFailure(sentence, { cause: error });
      }
      throw new ServerError(sentence, error.error, { cause: error });
    }
  }
}

/** Sends single requests. */
class Requests {
  readonly #options: HttpOptions;
  readonly #pool: Pool;

  constructor(options: HttpOptions) {
    this.#options = options;
    // The deadlines of the requests limit every wait.
    this.#pool = new Pool(options.url.origin, { headersTimeout: 0, bodyTimeout: 0 });
  }

  send(repeated: RepeatedInHeaders, params: Result, timeoutMs: number): Promise<Result> {
    const { url, headers, version, signal, answers } = this.#options;
    const capabilities = answers === undefined ? {} : CAPABILITIES;
    const meta = requestMeta({ name: 'bulkhead-call', version }, capabilities);
    return statelessRequest({
      dispatcher: this.#pool,
      path: url.pathname + url.search,
      headers,
      repeated,
      params: { ...params, _meta: { ...meta, ...progressMeta(repeated.method)._meta } },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      onNotification: (method, notified) => {
        const progress = PROGRESS.safeParse(notified);
        if (method !== 'notifications/progress' || !progress.success) return;
        showProgress(progress.data as Progress & { progressToken: unknown });
      },
    });
  }

  async end(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** @throws {CommandFailure} for a tool that clients must not use (2026-07-28, Tools, "`x-mcp-header`") */
function markedIn(name: string, inputSchema: unknown): ReturnType<typeof paramHeaders> {
  try {
    return paramHeaders(inputSchema);
  } catch (error) {
    if (!(error instanceof LoadFailure)) throw error;
    throw new CommandFailure(`Clients must not call ${name}: ${error.message}.`, { cause: error });
  }
}

/** In words that continue a sentence. */
function reasonOf(error: unknown, timeoutMs: number): string {
  return isTimeout(error) ? `no answer within ${formatDuration(timeoutMs)}` : rootMessage(error);
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
