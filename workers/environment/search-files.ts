/** `search_files`. */
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import * as z from 'zod/v4';
import { messageOf } from '../../src/shared/errors.js';
import { namePattern } from './name-pattern.js';
import { ProgressReporter } from './progress.js';
import type { RootFolders } from './root-folders.js';
import { MAX_FILE_BYTES, searchBelow } from './text-search.js';
import { structuredResult, ToolError } from './tool-result.js';

const DEFAULT_MATCHES = 100;
const MAX_MATCHES = 1_000;
const PROGRESS_INTERVAL_MS = 500;

export function registerSearchTool(server: McpServer, roots: RootFolders): void {
  server.registerTool(
    'search_files',
    {
      title: 'Search files',
      description: `Finds the lines that match a regular expression in text files up to ${MAX_FILE_BYTES} bytes below a folder of the root folders (${roots.describe()}).`,
      inputSchema: {
        pattern: z.string().min(1).describe('A JavaScript regular expression, held against each line.'),
        path: z
          .string()
          .min(1)
          .default('.')
          .describe('A folder or a file: absolute, or relative to the first root folder.'),
        names: z
          .string()
          .min(1)
          .max(200)
          .optional()
          .describe(
            'Only files with such names, such as "*.{ts,js}"; with a slash, such paths below the folder: "src/**/*.ts".',
          ),
        ignoreCase: z.boolean().default(false).describe('Whether upper and lower case are the same.'),
        includeIgnored: z
          .boolean()
          .default(false)
          .describe('Whether to look into .git and node_modules too.'),
        maxMatches: z
          .number()
          .int()
          .min(1)
          .max(MAX_MATCHES)
          .default(DEFAULT_MATCHES)
          .describe('How many matching lines to return at most.'),
      },
      outputSchema: {
        matches: z
          .array(
            z.object({
              path: z.string().describe('The file; relative to the first root where inside it.'),
              line: z.number().describe('The number of the line, from 1.'),
              text: z.string().describe('The line, cut to 400 characters.'),
            }),
          )
          .describe('By path, then line.'),
        filesSearched: z.number().describe('How many text files were read.'),
        filesSkipped: z.number().describe('How many were binary, too big or not readable.'),
        truncated: z.boolean().describe('Whether there is more than was searched or returned.'),
      },
      annotations: { title: 'Search files', readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async ({ pattern, path, names, ignoreCase, includeIgnored, maxMatches }, extra) => {
      const progress = new ProgressReporter(extra, PROGRESS_INTERVAL_MS);
      const request = {
        pattern: compiled(pattern, ignoreCase),
        accepts: names === undefined ? () => true : acceptedNames(names),
        includeIgnored,
        maxMatches,
        onProgress: (files: number) => progress.report(files, undefined, `${files} files searched`),
      };
      const start = await roots.open(path, 'any');
      try {
        return structuredResult({ ...(await searchBelow(roots, start, request, extra.signal)) });
      } finally {
        await start.handle.close();
      }
    },
  );
}

function compiled(pattern: string, ignoreCase: boolean): RegExp {
  try {
    return new RegExp(pattern, ignoreCase ? 'i' : '');
  } catch (error) {
    throw new ToolError(
      `The pattern is not valid: ${messageOf(error)}; correct it, escaping characters meant literally.`,
      {
        cause: error,
      },
    );
  }
}

function acceptedNames(names: string): (relativePath: string) => boolean {
  try {
    return namePattern(names);
  } catch (error) {
    throw new ToolError(
      `"${names}" is not a valid name pattern; write one like "*.ts" or "src/**/*.{ts,js}".`,
      {
        cause: error,
      },
    );
  }
}
