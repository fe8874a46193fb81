/**
 * Finds tools whose input schema no client is shown: at the top of an `inputSchema`, the SDK shows only objects. A union
 * is still checked when the tool is called, but the model sees a tool without arguments.
 */
import type { RegisteredTool } from '@modelcontextprotocol/sdk/server/mcp.js';
import { normalizeObjectSchema } from '@modelcontextprotocol/sdk/server/zod-compat.js';

/** @returns the names of the tools */
export function hiddenSchemas(tools: Readonly<Record<string, Partial<RegisteredTool>>>): string[] {
  return Object.entries(tools)
    .filter(
      ([, { inputSchema }]) => inputSchema !== undefined && normalizeObjectSchema(inputSchema) === undefined,
    )
    .map(([name]) => name);
}
