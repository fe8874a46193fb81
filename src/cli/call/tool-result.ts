/** A tool's result as text for a terminal. */
import { isDeepStrictEqual } from 'node:util';
import type { ContentBlock } from '@modelcontextprotocol/sdk/types.js';
import type { ToolResult } from './tool-client.js';

/** Text content unchanged, structured content as JSON, and a line for everything that is not text. */
export function renderResult(result: ToolResult): string {
  const { content, structuredContent } = result;
  const blocks = content.filter((block) => !repeats(block, structuredContent)).map(renderBlock);
  if (structuredContent !== undefined) blocks.push(JSON.stringify(structuredContent, undefined, 2));
  return blocks.join('\n');
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
      return `[${block.type}: ${block.mimeType}, ${Buffer.byteLength(block.data, 'base64')} bytes]`;
    case 'resource_link':
      return `[resource: ${block.uri}]`;
    case 'resource': {
      const { resource } = block;
      if ('text' in resource) return resource.text;
      return `[resource: ${resource.uri}, ${Buffer.byteLength(resource.blob, 'base64')} bytes]`;
    }
    default: {
      const unknown: never = block;
      return JSON.stringify(unknown);
    }
  }
}
