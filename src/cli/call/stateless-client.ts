/** A tool client of the stateless era (2026-07-28). */
import { ContentBlockSchema, type Progress } from '@modelcontextprotocol/sdk/types.js';
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
import { type ConnectOptions, connectFailure, rootMessage } from '../connection.js';
import { CommandFailure } from '../failure.js';
import { INPUT_REQUIRED, type InputRequired, type Inputs, inputResponses } from './input-requests.js';
import { PROGRESS_TOKEN, showProgress } from './progress.js';
import { ConnectionLost, Refused, statelessRequest } from './stateless-request.js';
import type { ListedTool, ToolClient, ToolResult } from './tool-client.js';

/** A list with more pages than this is assumed never to end. */
const MAX_TOOL_PAGES = 1_000;
/** A tool that asks more often than this is assumed never to stop. */
const MAX_ROUNDS = 100;

/** Each can be answered with `--input`. */
const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

const DISCOVERED = z.object({ supportedVersions: z.array(z.string()) });
const TOOL_PAGE = z.object({
  tools: z.array(z.object({ name: z.string(), inputSchema: z.unknown() })),
  nextCursor: z.string().optional(),
});
const PROGRESS = z.object({
  progressToken: z.unknown(),
  progress: z.number(),
  total: z.number().optional(),
  message: z.string().optional(),
});
const TOOL_RESULT = z.looseObject({
  content: z.array(ContentBlockSchema).default([]),
  isError: z.boolean().optional(),
});

export class StatelessClient implements ToolClient {
  readonly #options: ConnectOptions;
  readonly #inputs: Inputs;
  readonly #pool: Pool;

  constructor(options: ConnectOptions, inputs: Inputs) {
    this.#options = options;
    this.#inputs = inputs;
    // The deadlines of the requests limit every wait.
    this.#pool = new Pool(options.url.origin, { headersTimeout: 0, bodyTimeout: 0 });
  }

  /**
   * Asks the server whether it serves this era.
   * @throws {CommandFailure} if it does not, or not within this time
   */
  async discover(timeoutMs: number): Promise<void> {
    const { url, signal } = this.#options;
    try {
      const result = await this.#request({ method: 'server/discover' }, {}, timeoutMs);
      const { supportedVersions = [] } = DISCOVERED.safeParse(result).data ?? {};
      if (supportedVersions.includes(STATELESS_VERSION)) return;
      const served = supportedVersions.join(', ') || 'no revision that it names';
      throw new Refused(`it serves ${served}`, undefined);
    } catch (error) {
      if (signal.aborted || error instanceof ConnectionLost) throw connectFailure(url, error);
      const reason = reasonOf(error, timeoutMs);
      throw new CommandFailure(`${url.href} doesn't serve the stateless era (--era): ${reason}.`, {
        cause: error,
      });
    }
  }

  async listTools(): Promise<readonly ListedTool[]> {
    try {
      return await this.#allTools();
    } catch (error) {
      const reason = reasonOf(error, this.#options.timeoutMs);
      throw new CommandFailure(`The server doesn't list its tools: ${reason}.`, { cause: error });
    }
  }

  async #allTools(): Promise<readonly ListedTool[]> {
    const tools: ListedTool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_TOOL_PAGES; page++) {
      const asked = cursor === undefined ? {} : { cursor };
      const listed = TOOL_PAGE.safeParse(await this.#request({ method: 'tools/list' }, asked));
      if (!listed.success) throw new Refused('its list of tools is not one', undefined);
      tools.push(...listed.data.tools);
      cursor = listed.data.nextCursor;
      if (cursor === undefined) break;
    }
    return tools;
  }

  async call(
    { name, inputSchema }: ListedTool,
    toolArguments: Readonly<Record<string, unknown>>,
  ): Promise<ToolResult | InputRequired> {
    const params = { name, arguments: toolArguments };
    const repeated = {
      method: 'tools/call',
      name,
      params: { marked: markedIn(name, inputSchema), arguments: toolArguments },
    };
    let answers: Readonly<Record<string, unknown>> = {};
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const result = await this.#call(repeated, { ...params, ...answers });
      const asks = INPUT_REQUIRED.safeParse(result);
      if (!asks.success) return toolResult(name, result);
      const responses = inputResponses(asks.data, this.#inputs);
      if (responses === undefined) return asks.data;
      const { requestState } = asks.data;
      answers = { inputResponses: responses, ...(requestState === undefined ? {} : { requestState }) };
    }
    throw new CommandFailure(`${name} asked for input ${MAX_ROUNDS} times, and that was not all.`);
  }

  async end(): Promise<void> {
    await this.#pool.destroy();
  }

  async #call(
    repeated: RepeatedInHeaders & { readonly name: string },
    params: Readonly<Record<string, unknown>>,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { signal, timeoutMs } = this.#options;
    try {
      return await this.#request(repeated, params);
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof ConnectionLost) {
        throw new CommandFailure(`The connection was lost: ${error.message}.`, { cause: error });
      }
      const sentence = isTimeout(error)
        ? `${repeated.name} didn't answer within ${formatDuration(timeoutMs)}.`
        : `${repeated.name} failed: ${reasonOf(error, timeoutMs)}.`;
      throw new CommandFailure(sentence, { cause: error });
    }
  }

  #request(
    repeated: RepeatedInHeaders,
    params: Readonly<Record<string, unknown>>,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { url, token, version, signal } = this.#options;
    const meta = requestMeta({ name: 'bulkhead-call', version }, CAPABILITIES);
    const progressToken = repeated.method === 'tools/call' ? { progressToken: PROGRESS_TOKEN } : {};
    return statelessRequest({
      dispatcher: this.#pool,
      path: url.pathname + url.search,
      authorization: token === undefined ? {} : { authorization: `Bearer ${token}` },
      repeated,
      params: { ...params, _meta: { ...meta, ...progressToken } },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      onNotification: (method, notified) => {
        const progress = PROGRESS.safeParse(notified);
        if (method !== 'notifications/progress' || !progress.success) return;
        showProgress(progress.data as Progress & { progressToken: unknown });
      },
    });
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

function toolResult(name: string, result: Readonly<Record<string, unknown>>): ToolResult {
  const read = TOOL_RESULT.safeParse(result);
  if (!read.success) throw new CommandFailure(`${name} failed: its result is not that of a tool.`);
  return read.data as ToolResult;
}

/** In words that continue a sentence. */
function reasonOf(error: unknown, timeoutMs: number): string {
  return isTimeout(error) ? `no answer within ${formatDuration(timeoutMs)}` : rootMessage(error);
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
