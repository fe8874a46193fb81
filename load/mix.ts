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
 * Reads the text of a mix file.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION`, with a sentence that says where it is wrong
 */
export function parseMix(text: string, file: string): readonly MixEntry[] {
  let content: unknown;
  try {
    content = parseJson(text);
  } catch (error) {
    throw mixError(`The mix ${file} is not JSON: ${messageOf(error)}.`, error);
  }
  const parsed = MIX.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw mixError(`The mix ${file} is wrong${where} (${issue?.message}), but must be ${SHAPE}.`, parsed.error);
}

/** A page of `tools/list`, as far as a mix needs it. */
export const TOOL_PAGE = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      inputSchema: z.unknown(),
      annotations: z
        .object({ readOnlyHint: z.boolean().optional(), openWorldHint: z.boolean().optional() })
        .optional(),
    }),
  ),
  nextCursor: z.string().optional(),
});

export type ListedTool = z.output<typeof TOOL_PAGE>['tools'][number];

/**
 * The default mix: one tool that declares itself read-only and can be called without arguments or only with texts. A
 * tool that stays on its machine is preferred.
 * @returns `undefined` if the server has no such tool
 */
export function safeMix(tools: readonly ListedTool[]): readonly MixEntry[] | undefined {
  const readOnly = tools.filter(({ annotations }) => annotations?.readOnlyHint === true);
  const nearFirst = [
    ...readOnly.filter(({ annotations }) => annotations?.openWorldHint === false),
    ...readOnly.filter(({ annotations }) => annotations?.openWorldHint !== false),
  ];
  for (const argumentsOf of [textArguments, noArguments]) {
    for (const tool of nearFirst) {
      const toolArguments = argumentsOf(tool.inputSchema);
      if (toolArguments !== undefined) return [{ tool: tool.name, arguments: toolArguments, weight: 1 }];
    }
  }
  return undefined;
}

const OBJECT_SCHEMA = z.object({
  required: z.array(z.string()).default([]),
  properties: z.record(z.string(), z.unknown()).default({}),
});

/** Any text is accepted, unless the schema says more about it; names of files and addresses cannot be made up. */
const FREE_TEXT = z.strictObject({
  type: z.literal('string'),
  title: z.string().optional(),
  description: z.string().optional(),
});
const NAMES_OF_FREE_TEXT = ['text', 'message', 'input', 'value', 'content'];

function textArguments(schema: unknown): MixEntry['arguments'] | undefined {
  const parsed = OBJECT_SCHEMA.safeParse(schema);
  if (!parsed.success || parsed.data.required.length !== 1) return undefined;
  const [name] = parsed.data.required;
  if (name === undefined || !NAMES_OF_FREE_TEXT.includes(name)) return undefined;
  return FREE_TEXT.safeParse(parsed.data.properties[name]).success
    ? { [name]: '{{session}} {{n}}' }
    : undefined;
}

function noArguments(schema: unknown): MixEntry['arguments'] | undefined {
  const parsed = OBJECT_SCHEMA.safeParse(schema);
  return parsed.success && parsed.data.required.length === 0 ? {} : undefined;
}

function mixError(message: string, cause: unknown): BulkheadError {
  return new BulkheadError('ERR_BULKHEAD_OPTION', message, { cause });
}
