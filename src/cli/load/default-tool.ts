/** The tool that a load without a mix calls: one that is safe to call many times, and cheap. */
import type { ServerName } from '../../../load/client/server-name.js';
import type { MixEntry } from '../../../load/load-plan.js';
import type { ListedTool } from '../../../load/mix.js';
import { shellWord } from '../../../load/shell-word.js';
import { safeLine } from '../output/safe-text.js';
import { type FilledArguments, filledArguments, suggestedArguments } from './filled-arguments.js';

/**
 * The built-in server, and its cheapest tool, which reads only memory. The others search folders or send requests, and
 * `environment_info` starts a process for each development tool.
 */
const BUILT_IN = { server: 'environment', tool: 'session_info' };

interface Candidate {
  readonly entry: MixEntry;
  /** Why it may be called, as a clause. */
  readonly reason: string;
}

interface Candidates {
  /** The best first. */
  readonly candidates: readonly Candidate[];
  /** Why each of the others is not called, as a clause. */
  readonly refusals: readonly string[];
}

/** Whether, and why, a tool may be called without being asked to. */
interface Standing {
  readonly rank: number;
  readonly reason: string;
}

const KIND_RANK: Readonly<Record<FilledArguments['kind'], number>> = {
  text: 0,
  none: 1,
  'from the schema': 2,
};
const KIND_REASON: Readonly<Record<FilledArguments['kind'], string>> = {
  text: 'takes a text that differs from call to call',
  none: 'needs no arguments',
  'from the schema': 'its schema gives the arguments that it needs',
};

/** Judges the tools by what the server says of them; none is called. */
export function candidatesOf(tools: readonly ListedTool[], server: ServerName | undefined): Candidates {
  const builtIn = tools.find(({ name }) => server?.name === BUILT_IN.server && name === BUILT_IN.tool);
  if (builtIn !== undefined) {
    const reason = 'it is the tool of the built-in server that only reads memory and starts no process';
    return { candidates: [{ entry: entryOf(builtIn.name, {}), reason }], refusals: [] };
  }
  const ranked: { readonly rank: readonly number[]; readonly candidate: Candidate }[] = [];
  const refusals: string[] = [];
  for (const tool of tools) {
    const standing = standingOf(tool);
    const filled = filledArguments(tool.inputSchema);
    if (typeof standing === 'string') refusals.push(`${tool.name} ${standing}`);
    else if (typeof filled === 'string') {
      refusals.push(`${tool.name} needs ${JSON.stringify(filled)}, which would have to be made up`);
    } else {
      const entry = entryOf(tool.name, filled.arguments);
      const reason = `it ${standing.reason}, and ${KIND_REASON[filled.kind]}`;
      const nearness = tool.annotations?.openWorldHint === false ? 0 : 1;
      ranked.push({ rank: [standing.rank, KIND_RANK[filled.kind], nearness], candidate: { entry, reason } });
    }
  }
  ranked.sort((one, other) => compareRanks(one.rank, other.rank));
  return { candidates: ranked.map(({ candidate }) => candidate), refusals };
}

/** The hints are those of 2025-11-25, `ToolAnnotations`. */
function standingOf({ annotations = {} }: ListedTool): Standing | string {
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations;
  if (openWorldHint === true) return 'says that it reaches other machines (openWorldHint)';
  if (readOnlyHint === true) return { rank: 0, reason: 'says that it only reads' };
  if (destructiveHint === true) return 'says that it may destroy something (destructiveHint)';
  if (destructiveHint === false && idempotentHint === true) {
    return { rank: 1, reason: 'says that it destroys nothing and that repeating it changes nothing more' };
  }
  return 'does not say that it only reads (readOnlyHint)';
}

function compareRanks(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((rank, index) => rank !== other[index]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}

function entryOf(tool: string, toolArguments: MixEntry['arguments']): MixEntry {
  return { tool, arguments: toolArguments, weight: 1 };
}

const SHOWN_REFUSALS = 5;

/** What to say if no tool is called without being asked to: why, and what to give. */
export function refusalText(tools: readonly ListedTool[], refusals: readonly string[]): string {
  if (tools.length === 0) return 'The server has no tools: there is nothing to call.';
  const left = refusals.length - SHOWN_REFUSALS;
  const shown = [...refusals.slice(0, SHOWN_REFUSALS), ...(left > 0 ? [`and ${left} more`] : [])].join('; ');
  return (
    `The server has no tool that is safe and cheap enough to be called without being asked: ${safeLine(shown)}. ` +
    `If calls of a tool do no harm, give it, such as --mix ${safeLine(shellWord(suggestedMix(tools)))}.`
  );
}

/** Of the tools that do not say that they destroy something, the first. */
function suggestedMix(tools: readonly ListedTool[]): string {
  const tool = tools.find(({ annotations }) => annotations?.destructiveHint !== true);
  const suggested =
    tool === undefined
      ? { tool: '<tool>', arguments: {} }
      : { tool: tool.name, arguments: suggestedArguments(tool.inputSchema) };
  return JSON.stringify([suggested]);
}
