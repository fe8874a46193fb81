/** The check before a load: whether the server is there, and what to call. It opens one session and ends it. */
import { CallTemplate } from '../../../load/client/call-template.js';
import { LoadFailure } from '../../../load/client/failure-kind.js';
import type { LoadClient } from '../../../load/client/load-client.js';
import { newLoadClient } from '../../../load/client/new-load-client.js';
import { paramHeaders } from '../../../load/client/param-headers.js';
import type { ServerName } from '../../../load/client/server-name.js';
import { newRunId, SessionTokens } from '../../../load/client/session-token.js';
import { callMeta } from '../../../load/client/stateless-client.js';
import type { LoadOptions } from '../../../load/load-options.js';
import type { LoadPlan, MixEntry } from '../../../load/load-plan.js';
import type { ListedTool } from '../../../load/mix.js';
import { formatLatency } from '../../../load/report/figure-format.js';
import { optionError } from '../../config/option-error.js';
import { didYouMean } from '../../shared/nearest.js';
import { CommandFailure } from '../failure.js';
import { candidatesOf, refusalText } from './default-tool.js';

export interface CheckedServer {
  readonly mix: LoadPlan['mix'];
  /** Why the tool was chosen; `null` if the mix was given. */
  readonly mixReason: string | null;
  readonly server: ServerName;
}

/** A tool that takes longer is not called without being asked to. */
const CHEAP_MS = 250;
/** How many tools are tried. */
const MAX_TRIED = 5;
/** The first call of a session may wait for a thread or process to start. */
const TRIES = 2;

/**
 * @param signal ends the check
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if the mix has a tool that the server does not have
 * @throws {CommandFailure} if the server cannot be used, or has no tool that can be chosen
 */
export async function checkServer(
  options: LoadOptions,
  version: string,
  signal: AbortSignal,
): Promise<CheckedServer> {
  const { plan } = options;
  const url = new URL(plan.url);
  const settings = { plan, url, tokens: new SessionTokens(newRunId()), version };
  const ignored = (): void => undefined;
  // What fails here is also thrown by the client's functions.
  const observer = { onAnswered: ignored, onFailure: ignored, onStreamClosed: ignored, onForgotten: ignored };
  const client = newLoadClient(settings, 0, observer);
  const leave = (): void => void client.drop();
  signal.addEventListener('abort', leave);
  try {
    if (signal.aborted) leave();
    await client.open(false);
    const tools = await client.tools();
    const server = client.server ?? { name: null, version: null };
    const meta = plan.era === 'stateless' ? callMeta(version) : {};
    if (options.mix !== undefined) {
      requireListed(options.mix, tools);
      return { mix: options.mix.map((entry) => forEra(entry, tools, plan.era)), mixReason: null, server };
    }
    return { ...(await cheapMix(client, tools, plan.era, meta)), server };
  } catch (error) {
    if (!(error instanceof LoadFailure)) throw error;
    const hint = url.pathname === '/' ? ' (MCP servers are mostly found at /mcp)' : '';
    throw new CommandFailure(`Can't load ${url.href}: ${error.message.replace(/\.$/, '')}${hint}.`, {
      cause: error,
    });
  } finally {
    signal.removeEventListener('abort', leave);
    await client.end();
  }
}

function requireListed(mix: LoadPlan['mix'], tools: readonly ListedTool[]): void {
  const names = tools.map(({ name }) => name);
  const unknown = mix.find(({ tool }) => !names.includes(tool));
  if (unknown === undefined) return;
  const { tool } = unknown;
  const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  throw optionError(`The server has no tool ${JSON.stringify(tool)}${didYouMean(tool, names)}: ${known}.`);
}

/** With the arguments that are repeated in headers, if the era has them. */
function forEra(entry: MixEntry, tools: readonly ListedTool[], era: LoadPlan['era']): MixEntry {
  if (era === 'session') return entry;
  const { inputSchema } = tools.find(({ name }) => name === entry.tool) ?? {};
  try {
    return { ...entry, paramHeaders: paramHeaders(inputSchema) };
  } catch (error) {
    if (!(error instanceof LoadFailure)) throw error;
    throw new CommandFailure(`Clients must not call ${entry.tool}: ${error.message}.`, { cause: error });
  }
}

/** One tool that may be called without being asked to, and of which two calls have shown that it works and is fast. */
async function cheapMix(
  client: LoadClient,
  tools: readonly ListedTool[],
  era: LoadPlan['era'],
  meta: Readonly<Record<string, unknown>>,
): Promise<Pick<CheckedServer, 'mix' | 'mixReason'>> {
  const { candidates, refusals } = candidatesOf(tools, client.server);
  const failures: string[] = [];
  for (const { entry, reason } of candidates.slice(0, MAX_TRIED)) {
    const { tool } = entry;
    try {
      const called = forEra(entry, tools, era);
      const fastestMs = await timed(client, new CallTemplate(called, meta));
      if (fastestMs <= CHEAP_MS) {
        return { mix: [called], mixReason: `${reason}; a call took ${formatLatency(fastestMs)}` };
      }
      failures.push(`${tool} took ${formatLatency(fastestMs)} for a call`);
    } catch (error) {
      if (!isOfTool(error)) throw error;
      failures.push(`${tool} failed (${error.message.replace(/\.$/, '')})`);
    }
  }
  throw new CommandFailure(refusalText(tools, [...failures, ...refusals]));
}

/** Whether the server is there, and only the tool cannot be called in this way. */
function isOfTool(error: unknown): error is LoadFailure | CommandFailure {
  if (error instanceof CommandFailure) return true;
  return error instanceof LoadFailure && (error.kind === 'tool' || error.kind.startsWith('json-rpc'));
}

/** @returns how long the faster of the calls took. @throws {LoadFailure} */
async function timed(client: LoadClient, template: CallTemplate): Promise<number> {
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let call = 0; call < TRIES; call += 1) {
    const startMs = performance.now();
    await client.call(template);
    fastestMs = Math.min(fastestMs, performance.now() - startMs);
  }
  return fastestMs;
}
