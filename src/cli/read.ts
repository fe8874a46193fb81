/** `bulkhead read`: prints a resource of a server. */
import { z } from 'zod';
import { didYouMean } from '../shared/nearest.js';
import { listAll } from './client/lists.js';
import { type Result, type ServerConnection, ServerError } from './client/server-connection.js';
import { CommandFailure, EXIT_OK } from './failure.js';
import { print, safeLine } from './output/safe-text.js';
import { type Form, printJson, type ServerFlags, withServer } from './with-server.js';

/** The arguments and flags of `bulkhead read`, as text. */
export interface ReadRequest extends ServerFlags {
  readonly uri: string;
  readonly form: Form;
}

const CONTENTS = z.looseObject({
  contents: z.array(
    z.looseObject({
      uri: z.string(),
      mimeType: z.string().optional(),
      text: z.string().optional(),
      blob: z.string().optional(),
    }),
  ),
});

/** Errors that mean "there is no such resource" (2025-11-25, Resources, "Error Handling"; 2026-07-28). */
const NOT_FOUND: readonly number[] = [-32002, -32602];

/**
 * Text is printed as it is, and a blob as its bytes, unless somebody would read them in a terminal.
 * @returns the exit code: 0, or 1 if the server asks for input that was not given
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for wrong flags
 * @throws {CommandFailure} if there is no connection or no result
 */
export function read(request: ReadRequest): Promise<number> {
  const { uri, form } = request;
  return withServer(request, { subject: uri, form }, async (connection) => {
    const asked = { method: 'resources/read', params: { uri }, subject: safeLine(uri) };
    const result = await connection.request(asked).catch(async (error: unknown) => {
      if (form !== 'raw' && error instanceof ServerError && NOT_FOUND.includes(error.error.code)) {
        throw await withKnownResources(connection, uri, error);
      }
      throw error;
    });
    if (form === 'text') show(uri, result);
    else printJson(form === 'raw' ? { result } : result);
    return EXIT_OK;
  });
}

function show(uri: string, result: Result): void {
  const checked = CONTENTS.safeParse(result);
  if (!checked.success) {
    throw new CommandFailure(
      `${safeLine(uri)} failed: its result is not that of a resource; --raw shows it.`,
    );
  }
  const { contents } = checked.data;
  const { isTTY } = process.stdout;
  const blob = contents.find((one) => one.blob !== undefined);
  if (isTTY && blob?.blob !== undefined) {
    const bytes = Buffer.byteLength(blob.blob, 'base64');
    const type = blob.mimeType === undefined ? '' : `${safeLine(blob.mimeType)}, `;
    throw new CommandFailure(
      `${safeLine(blob.uri)} is binary (${type}${bytes} bytes), which a terminal cannot show: write it to a file with > file.`,
    );
  }
  for (const one of contents) {
    if (contents.length > 1) process.stderr.write(`${safeLine([one.uri, one.mimeType].join(' ').trim())}\n`);
    if (one.blob !== undefined) process.stdout.write(Buffer.from(one.blob, 'base64'));
    else print(isTTY && one.text?.endsWith('\n') !== true ? `${one.text ?? ''}\n` : (one.text ?? ''));
  }
}

async function withKnownResources(
  connection: ServerConnection,
  uri: string,
  error: ServerError,
): Promise<CommandFailure> {
  const resources = await listAll(connection, 'resources');
  const uris = resources.flatMap((one) => one.uri ?? []);
  const meant = safeLine(didYouMean(uri, uris));
  const where = resources.length === 0 ? '' : ' bulkhead list shows what there is.';
  return new CommandFailure(`${safeLine(error.message.replace(/\.$/, ''))}${meant}.${where}`, {
    cause: error,
  });
}
