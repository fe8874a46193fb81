/**
 * The tools that the gateway adds to a server with affinity `handle`: one opens a session, one closes it, and each of the
 * server's own tools takes the handle of a session (2026-07-28, Tools, "Stateful Tools").
 */
import { type Fields, isFields } from './fields.js';
import type { InvalidHeaderParams } from './header-params.js';

/** What is said of them to clients and to workers. */
export interface HandleTools {
  /** The names of the two tools. */
  readonly open: string;
  readonly close: string;
  /** How long a session lives without a call, in milliseconds. */
  readonly idleMs: number;
}

/** The argument of each tool that names the session. */
export const HANDLE_ARGUMENT = 'session';

const MAX_NAME_CHARS = 128;
/** All of them would be told in the same words. */
const MAX_HIDDEN = 20;

/**
 * What a server has itself that clients of handles never reach, because the gateway has the same.
 * @param tools as the server lists them
 */
export function hiddenByHandles(tools: unknown, { open, close }: HandleTools): InvalidHeaderParams[] {
  const hidden: InvalidHeaderParams[] = [];
  for (const tool of Array.isArray(tools) ? (tools as readonly unknown[]) : []) {
    if (!isFields(tool) || typeof tool.name !== 'string' || tool.name.length > MAX_NAME_CHARS) continue;
    const { name, inputSchema } = tool;
    const { properties } = isFields(inputSchema) ? inputSchema : {};
    if (name === open || name === close) {
      const option = name === open ? 'openTool' : 'closeTool';
      const wrong = `do not see the tool "${name}", because with affinity handle the gateway has one of that name: rename it, or set ${option} in the server's entry`;
      hidden.push({ tool: name, property: '', wrong, hidden: true });
    } else if (isFields(properties) && Object.hasOwn(properties, HANDLE_ARGUMENT)) {
      const wrong = `cannot set the argument "${HANDLE_ARGUMENT}" of the tool "${name}", because with affinity handle it names the session: rename it, or choose another affinity`;
      hidden.push({ tool: name, property: `properties.${HANDLE_ARGUMENT}`, wrong, hidden: true });
    }
    if (hidden.length >= MAX_HIDDEN) break;
  }
  return hidden;
}

/** @param result of `tools/list`, as clients without handles see it */
export function withHandleTools(result: Fields, tools: HandleTools): Fields {
  const listed = Array.isArray(result.tools) ? (result.tools as readonly unknown[]) : [];
  const own = listed.filter(
    (tool) => isFields(tool) && tool.name !== tools.open && tool.name !== tools.close,
  );
  // They come on the first page, and once.
  return { ...result, tools: [...(own as readonly Fields[]).map(withArgument), ...handleTools(tools)] };
}

/** The arguments of a call as the server is meant to receive them. */
export function withoutHandle(params: Fields): Fields {
  const { arguments: given } = params;
  if (!isFields(given) || !Object.hasOwn(given, HANDLE_ARGUMENT)) return params;
  const { [HANDLE_ARGUMENT]: _handle, ...rest } = given;
  return { ...params, arguments: rest };
}

function withArgument(tool: Fields): Fields {
  const schema = isFields(tool.inputSchema) ? tool.inputSchema : { type: 'object' };
  const properties = isFields(schema.properties) ? schema.properties : {};
  const argument = {
    type: 'string',
    description: 'The session that this call belongs to. Without it, nothing of other calls is known.',
    'x-mcp-header': 'Session',
  };
  return { ...tool, inputSchema: { ...schema, properties: { ...properties, [HANDLE_ARGUMENT]: argument } } };
}

function handleTools({ open, close, idleMs }: HandleTools): readonly Fields[] {
  return [
    {
      name: open,
      title: 'Open a session',
      description: `Opens a session, in which this server remembers what was done. Pass its id as "${HANDLE_ARGUMENT}" to the other tools. It ends with ${close}, or after ${durationText(idleMs)} without a call.`,
      inputSchema: { type: 'object', properties: {}, additionalProperties: false },
      outputSchema: {
        type: 'object',
        properties: { [HANDLE_ARGUMENT]: { type: 'string' } },
        required: [HANDLE_ARGUMENT],
      },
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: false,
      },
    },
    {
      name: close,
      title: 'Close a session',
      description: `Ends a session that ${open} has opened, with everything that this server remembers of it.`,
      inputSchema: {
        type: 'object',
        properties: {
          [HANDLE_ARGUMENT]: { type: 'string', description: 'Its id.', 'x-mcp-header': 'Session' },
        },
        required: [HANDLE_ARGUMENT],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
  ];
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** In the largest unit that tells it exactly. */
function durationText(ms: number): string {
  for (const [unit, length] of UNITS) {
    const count = ms / length;
    if (Number.isInteger(count)) return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return `${ms} ms`;
}
