/** Carries out a plan: first the gateway's file, then the record for undoing it, then the clients' files. */
import { rmSync } from 'node:fs';
import type { GatewayFile } from './gateway-file.js';
import type { ImportPlan } from './import-plan.js';
import {
  bytesDigest,
  type RecordedFile,
  readRecord,
  recordBytes,
  recordPath,
  valueDigest,
} from './import-record.js';
import { JsonDocument } from './json-document.js';
import type { UndoPlan } from './undo-plan.js';
import { type FileChange, freeBackupName, WriteFilesError, writeFiles } from './write-files.js';

const PRIVATE_MODE = 0o600;
const SHARED_MODE = 0o666;

export interface Written {
  readonly path: string;
  readonly backup: string | undefined;
}

/**
 * @returns the files that were changed
 * @throws {WriteFilesError} nothing is changed then, or its message says what is
 */
export function performImport(plan: ImportPlan, gateway: GatewayFile): Written[] {
  const changes: FileChange[] = [];
  const records: RecordedFile[] = [];
  for (const { file, edits, paths } of plan.files) {
    const backup = freeBackupName(file.path);
    const after = file.document.encode(file.document.edited(edits));
    const written = new JsonDocument(after);
    changes.push({
      path: file.path,
      before: file.bytes,
      after,
      mode: file.mode,
      groupId: file.groupId,
      backup,
    });
    records.push({
      path: file.path,
      backup,
      digest: bytesDigest(after),
      entries: paths.map((path) => ({ path: [...path], digest: valueDigest(written.value(path)) })),
    });
  }
  const all = [...gatewayChange(plan, gateway), recordChange(gateway.path, records), ...changes];
  writeFiles(all);
  return all
    .filter(({ path }) => path !== recordPath(gateway.path))
    .map(({ path, backup }) => ({ path, backup }));
}

/** @throws {WriteFilesError} as `performImport`. */
export function performUndo(plan: UndoPlan, gatewayFile: string): void {
  const path = recordPath(gatewayFile);
  const before = readRecord(path)?.bytes;
  const clients = plan.files.map(({ file, after }) => ({
    path: file.path,
    before: file.bytes,
    after,
    mode: file.mode,
    groupId: file.groupId,
  }));
  writeFiles([...clients, { path, before, after: recordBytes(plan.remaining), mode: PRIVATE_MODE }]);
  for (const backup of plan.obsolete) rmSync(backup, { force: true });
}

function gatewayChange(plan: ImportPlan, gateway: GatewayFile): FileChange[] {
  if (plan.gatewayEdits.length === 0) return [];
  const { document, file } = gateway;
  const mode = file?.mode ?? SHARED_MODE & ~process.umask();
  return [
    {
      path: file?.path ?? gateway.path,
      before: file?.bytes,
      after: document.encode(document.edited(plan.gatewayEdits)),
      // Until now the file contained no secrets that its other readers could see.
      mode: plan.secrets.length > 0 ? mode & PRIVATE_MODE : mode,
      ...(file !== undefined && {
        modeBefore: file.mode,
        groupId: file.groupId,
        backup: freeBackupName(file.path),
      }),
    },
  ];
}

function recordChange(gatewayFile: string, records: readonly RecordedFile[]): FileChange {
  const path = recordPath(gatewayFile);
  let earlier: ReturnType<typeof readRecord>;
  try {
    earlier = readRecord(path);
  } catch (error) {
    throw new WriteFilesError(`${path} is no record of an import: move it away. Nothing is changed.`, {
      cause: error,
    });
  }
  return {
    path,
    before: earlier?.bytes,
    after: recordBytes([...(earlier?.record.files ?? []), ...records]),
    mode: PRIVATE_MODE,
  };
}
