/** The mix: which tools a load calls, with which arguments, how often. */
import { z } from 'zod';
import { BulkheadError, messageOf } from '../src/shared/errors.js';
import { parseJson } from '../src/shared/json-text.js';
import type { MixEntry } from './load-plan.js';

const SHAPE =
  'a JSON array such as [{"tool": "echo", "arguments": {"text": "{{session}} {{n}}"}, "weight": 1}]';

const MIX = z
  .array(
    z.strictObject({
      tool: z.string().min(1),
      arguments: z.record(z.string(), z.unknown()).default({}),
      weight: z.number().positive().max(1e6).default(1),
    }),
  )
  .min(1);

/**
 * Reads the text of a mix.
 * @param source where it comes from, as the beginning of a sentence: `The mix mix.json`
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION`, with a sentence that says where it is wrong
 */
export function parseMix(text: string, source: string): readonly MixEntry[] {
  let content: unknown;
  try {
    content = parseJson(text);
  } catch (error) {
    throw mixError(`${source} is not JSON: ${messageOf(error)}.`, error);
  }
  const parsed = MIX.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw mixError(`${source} is wrong${where} (${issue?.message}), but must be ${SHAPE}.`, parsed.error);
}

/** A page of `tools/list`, as far as a mix needs it. */
export const TOOL_PAGE = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      inputSchema: z.unknown(),
      annotations: z
        .object({
          readOnlyHint: z.boolean().optional(),
          destructiveHint: z.boolean().optional(),
          idempotentHint: z.boolean().optional(),
          openWorldHint: z.boolean().optional(),
        })
        .optional(),
    }),
  ),
  nextCursor: z.string().optional(),
});

export type ListedTool = z.output<typeof TOOL_PAGE>['tools'][number];

function mixError(message: string, cause: unknown): BulkheadError {
  return new BulkheadError('ERR_BULKHEAD_OPTION', message, { cause });
}
