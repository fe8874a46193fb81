/**
 * What imports have changed, stored beside the gateway's file so that they can be undone. It contains no values: the
 * old ones are in the backups, and the new ones are recognised by their digests.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { canonicalJson } from '../shared/canonical-json.js';

const record = z.object({
  version: z.literal(1),
  /** The oldest first. */
  files: z.array(
    z.object({
      /** The client's file, as an absolute path. */
      path: z.string(),
      backup: z.string(),
      /** Digest of the bytes that the import wrote. */
      digest: z.string(),
      entries: z.array(
        z.object({
          path: z.array(z.string()),
          /** Digest of the entry that the import wrote. */
          digest: z.string(),
        }),
      ),
    }),
  ),
});

export type ImportRecord = z.output<typeof record>;
export type RecordedFile = ImportRecord['files'][number];

/** The path of the record for this gateway's file. */
export function recordPath(gatewayFile: string): string {
  return `${gatewayFile}.import-record`;
}

/**
 * @returns its bytes and its content; `undefined` if nothing is recorded
 * @throws if it cannot be read or is not such a record
 */
export function readRecord(path: string): { bytes: Buffer; record: ImportRecord } | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return { bytes, record: record.parse(JSON.parse(bytes.toString())) };
}

/** The text of a record; `undefined` if nothing is left to undo. */
export function recordBytes(files: readonly RecordedFile[]): Buffer | undefined {
  if (files.length === 0) return undefined;
  return Buffer.from(`${JSON.stringify({ version: 1, files }, null, 2)}\n`);
}

/** @returns a digest of a file's bytes */
export function bytesDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @returns a digest of a value, whatever the order of its keys */
export function valueDigest(value: unknown): string {
  return bytesDigest(Buffer.from(value === undefined ? 'undefined' : canonicalJson(value)));
}
