/** `read_file` and `list_directory`. */

import type { Dirent } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import * as z from 'zod/v4';
import { entryPath, listEntries, type OpenedPath, readWindow } from './opened-path.js';
import { hasCode, type RootFolders } from './root-folders.js';
import {
  DETECTION_BYTES,
  decodeText,
  detectEncoding,
  type TextEncodingName,
  wholeCharacters,
} from './text-encoding.js';
import { structuredResult, ToolError } from './tool-result.js';

/** Claude Code does not show results over 50,000 characters to the model, but writes them to a file. */
const DEFAULT_READ_BYTES = 40_000;
const MAX_READ_BYTES = 1_048_576;
const DEFAULT_ENTRIES = 500;
const MAX_ENTRIES = 5_000;
/** How many entries are examined together; each takes one of the process's few I/O threads. */
const STAT_BATCH = 16;

const ENCODINGS = ['auto', 'utf-8', 'utf-16le', 'latin1', 'base64'] as const;

export function registerFileTools(server: McpServer, roots: RootFolders): void {
  server.registerTool(
    'read_file',
    {
      title: 'Read a file',
      description: `Reads a text file, or a part of it, inside the root folders: ${roots.describe()}.`,
      inputSchema: {
        path: z.string().min(1).describe('The file: absolute, or relative to the first root folder.'),
        offset: z.number().int().min(0).default(0).describe('The byte to begin at.'),
        limit: z
          .number()
          .int()
          .min(1)
          .max(MAX_READ_BYTES)
          .default(DEFAULT_READ_BYTES)
          .describe('How many bytes to read at most.'),
        encoding: z
          .enum(ENCODINGS)
          .default('auto')
          .describe('How to turn bytes into text; "auto" tells by content, "base64" serves binary files.'),
      },
      annotations: { title: 'Read a file', readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async ({ path, offset, limit, encoding }) => {
      const opened = await roots.open(path, 'file');
      try {
        return await readPart(opened, { path, offset, limit, encoding });
      } finally {
        await opened.handle.close();
      }
    },
  );

  server.registerTool(
    'list_directory',
    {
      title: 'List a folder',
      description: `Lists a folder inside the root folders (${roots.describe()}), sorted by name; symbolic links are not followed.`,
      inputSchema: {
        path: z
          .string()
          .min(1)
          .default('.')
          .describe('The folder: absolute, or relative to the first root folder.'),
        limit: z
          .number()
          .int()
          .min(1)
          .max(MAX_ENTRIES)
          .default(DEFAULT_ENTRIES)
          .describe('How many entries to list at most.'),
      },
      outputSchema: {
        path: z
          .string()
          .describe('The folder, without symbolic links; relative to the first root where inside it.'),
        entries: z
          .array(
            z.object({
              name: z.string().describe('The name inside the folder.'),
              type: z.enum(['file', 'directory', 'symlink', 'other']).describe('What it is.'),
              sizeBytes: z.number().nullable().describe('The size of a file; null for anything else.'),
              modifiedAt: z
                .string()
                .nullable()
                .describe('Last change, ISO 8601; null when it vanished meanwhile.'),
            }),
          )
          .describe('Sorted by name.'),
        total: z.number().describe('How many entries were found.'),
        truncated: z.boolean().describe('Whether there are more entries than are listed.'),
      },
      annotations: { title: 'List a folder', readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async ({ path, limit }, extra) => {
      const opened = await roots.open(path, 'directory');
      try {
        const { entries, complete } = await listEntries(opened, extra.signal);
        return structuredResult({
          path: await roots.display(opened.realPath),
          entries: await describeEntries(opened, entries.slice(0, limit), extra.signal),
          total: entries.length,
          truncated: !complete || entries.length > limit,
        });
      } finally {
        await opened.handle.close();
      }
    },
  );
}

interface ReadRequest {
  readonly path: string;
  readonly offset: number;
  readonly limit: number;
  readonly encoding: (typeof ENCODINGS)[number];
}

async function readPart(opened: OpenedPath, { path, offset, limit, encoding }: ReadRequest) {
  const size = opened.stats.size;
  if (offset > size) {
    throw new ToolError(`"${path}" has only ${size} bytes; choose an offset up to that.`);
  }
  if (encoding === 'base64') {
    const bytes = await readWindow(opened.handle, offset, limit);
    return partResult(Buffer.from(bytes).toString('base64'), offset, offset + bytes.length, size);
  }
  const chosen = encoding === 'auto' ? await encodingOf(opened, path) : textEncoding(encoding);
  const aligned = chosen.startsWith('utf-16') ? offset - (offset % 2) : offset;
  const bytes = await readWindow(opened.handle, aligned, limit);
  // The size is also 0 for files that the system generates when they are read, such as those of /proc.
  const atEnd = bytes.length < limit || aligned + bytes.length >= size;
  const [start, end] = wholeCharacters(bytes, chosen, atEnd);
  return partResult(decodeText(bytes.subarray(start, end), chosen), aligned + start, aligned + end, size);
}

async function encodingOf(opened: OpenedPath, path: string): Promise<TextEncodingName> {
  const head = await readWindow(opened.handle, 0, DETECTION_BYTES);
  const detected = detectEncoding(head, head.length < DETECTION_BYTES);
  if (detected !== undefined) return detected;
  throw new ToolError(
    `"${path}" is a binary file of ${opened.stats.size} bytes; ask again with encoding "base64" if you need its bytes.`,
  );
}

function textEncoding(encoding: 'utf-8' | 'utf-16le' | 'latin1'): TextEncodingName {
  return encoding === 'latin1' ? 'windows-1252' : encoding;
}

function partResult(text: string, start: number, end: number, size: number) {
  const content: { type: 'text'; text: string }[] = [{ type: 'text', text }];
  if (start > 0 || end < size) {
    const next = end < size ? `; continue with offset ${end}` : '; this is the end';
    content.push({ type: 'text', text: `[bytes ${start} to ${end} of ${size}${next}]` });
  }
  return { content };
}

async function describeEntries(opened: OpenedPath, entries: readonly Dirent[], signal: AbortSignal) {
  const described: Awaited<ReturnType<typeof describeEntry>>[] = [];
  for (let from = 0; from < entries.length; from += STAT_BATCH) {
    signal.throwIfAborted();
    const batch = entries.slice(from, from + STAT_BATCH);
    described.push(...(await Promise.all(batch.map((entry) => describeEntry(opened, entry)))));
  }
  return described;
}

async function describeEntry(opened: OpenedPath, entry: Dirent) {
  const stats = await entryStats(opened, entry.name);
  return {
    name: entry.name,
    type: entryType(entry),
    sizeBytes: stats?.isFile() ? stats.size : null,
    modifiedAt: stats?.mtime.toISOString() ?? null,
  };
}

/** `undefined` for an entry that is gone, or that may be listed but not examined. */
async function entryStats(opened: OpenedPath, name: string) {
  try {
    return await lstat(entryPath(opened, name));
  } catch (error) {
    if (hasCode(error)) return undefined;
    throw error;
  }
}

function entryType(entry: Dirent): 'file' | 'directory' | 'symlink' | 'other' {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'symlink' : 'other';
}
