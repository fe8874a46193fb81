/**
 * What imports changed, kept beside the gateway's file so that they can be undone. It holds no values: the old ones are in
 * the backups, and the new ones are known by their digests.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { canonicalJson } from './json-document.js';

const record = z.object({
  version: z.literal(1),
  /** The oldest first. */
  files: z.array(
    z.object({
      /** The client's file, absolute. */
      path: z.string(),
      backup: z.string(),
      /** Of the bytes that the import wrote. */
      digest: z.string(),
      entries: z.array(
        z.object({
          path: z.array(z.string()),
          /** Of the entry that the import wrote. */
          digest: z.string(),
        }),
      ),
    }),
  ),
});

export type ImportRecord = z.output<typeof record>;
export type RecordedFile = ImportRecord['files'][number];

/** The record of this gateway's file. */
export function recordPath(gatewayFile: string): string {
  return `${gatewayFile}.import-record`;
}

/**
 * @returns its bytes and what they say; `undefined` when nothing is recorded.
 * @throws when it can't be read or is no such record.
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

/** A record's text; `undefined` where nothing is left to undo. */
export function recordBytes(files: readonly RecordedFile[]): Buffer | undefined {
  if (files.length === 0) return undefined;
  return Buffer.from(`${JSON.stringify({ version: 1, files }, null, 2)}\n`);
}

/** @returns what identifies a file's bytes. */
export function bytesDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @returns what identifies a value, whatever the order of its keys. */
export function valueDigest(value: unknown): string {
  return bytesDigest(Buffer.from(canonicalJson(value) ?? 'undefined'));
}
