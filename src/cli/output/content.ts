/** What a server returns, as text. */
import { isDeepStrictEqual } from 'node:util';
import { type ContentBlock, ContentBlockSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { Result } from '../client/server-connection.js';
import { CommandFailure } from '../failure.js';

const TOOL_RESULT = z.looseObject({
  content: z.array(ContentBlockSchema).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});
const PROMPT_RESULT = z.looseObject({
  description: z.string().optional(),
  messages: z.array(z.looseObject({ role: z.string(), content: ContentBlockSchema })),
});

/**
 * A tool's result: text content unchanged, structured content as JSON, and a line for everything that is not text.
 * @throws {CommandFailure} if it is no such result
 */
export function renderResult(name: string, result: Result): string {
  const { content, structuredContent } = checked(TOOL_RESULT, name, result, 'a tool');
  const blocks = content.filter((block) => !repeats(block, structuredContent)).map(renderBlock);
  if (structuredContent !== undefined) blocks.push(JSON.stringify(structuredContent, undefined, 2));
  return blocks.join('\n');
}

/**
 * The messages of a prompt, each after the role that speaks.
 * @throws {CommandFailure} if it is no such result
 */
export function renderPrompt(name: string, result: Result): string {
  const { messages } = checked(PROMPT_RESULT, name, result, 'a prompt');
  return messages.map(({ role, content }) => `${role}: ${renderBlock(content)}`).join('\n');
}

function checked<Schema extends z.ZodType>(
  schema: Schema,
  name: string,
  result: Result,
  what: string,
): z.output<Schema> {
  const read = schema.safeParse(result);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` (${issue.path.join('.')})`;
  throw new CommandFailure(`${name} failed: its result is not that of ${what}${where}; --raw shows it.`, {
    cause: read.error,
  });
}

/** A tool with structured content should also return it as text, for older clients (2025-11-25, Tools). */
function repeats(block: ContentBlock, structured: unknown): boolean {
  if (structured === undefined || block.type !== 'text') return false;
  try {
    return isDeepStrictEqual(JSON.parse(block.text), structured);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function renderBlock(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'image':
    case 'audio':
      return `[${block.type}: ${block.mimeType}, ${byteLength(block.data)}]`;
    case 'resource_link': {
      const { uri, name, title, mimeType, size } = block;
      const facts = [title ?? name, mimeType, size === undefined ? undefined : `${size} bytes`];
      return `[resource: ${[uri, ...facts.filter((fact) => fact !== undefined)].join(', ')}]`;
    }
    case 'resource': {
      const { resource } = block;
      if ('text' in resource) return resource.text;
      const type = resource.mimeType === undefined ? '' : `, ${resource.mimeType}`;
      return `[resource: ${resource.uri}${type}, ${byteLength(resource.blob)}]`;
    }
    default: {
      const unknown: never = block;
      return JSON.stringify(unknown);
    }
  }
}

function byteLength(base64: string): string {
  return `${Buffer.byteLength(base64, 'base64')} bytes`;
}
