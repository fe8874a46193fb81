/**
 * What undoing imports would do. A file that has not changed since the import is replaced by its backup, byte for byte.
 * In a file that has changed, such as Claude Code's, which the client writes all the time, only the entries are
 * restored. An entry that was itself changed stays.
 */
import { readFileSync } from 'node:fs';
import { messageOf } from '../shared/errors.js';
import { type ConfigFile, ConfigFileProblem, readConfigFile } from './config-file.js';
import { bytesDigest, type RecordedFile, valueDigest } from './import-record.js';
import { JsonDocument, type TextEdit } from './json-document.js';

interface UndonePart {
  readonly file: ConfigFile;
  /** Names of the entries that are restored. */
  readonly entries: readonly string[];
  /** Whether the whole file is again as it was before the import. */
  readonly whole: boolean;
}

export interface UndoPlan {
  /** One for each file, with its content afterwards. */
  readonly files: readonly (UndonePart & { readonly after: Buffer })[];
  /** Backups that contain nothing that the files do not contain. */
  readonly obsolete: readonly string[];
  /** Records of what cannot be undone now. */
  readonly remaining: readonly RecordedFile[];
  /** Complete sentences. */
  readonly problems: readonly string[];
}

interface State {
  readonly file: ConfigFile;
  bytes: Buffer;
  whole: boolean;
  readonly entries: Set<string>;
}

export function planUndo(recorded: readonly RecordedFile[], userId: number | undefined): UndoPlan {
  const states = new Map<string, State>();
  const obsolete: string[] = [];
  const remaining: RecordedFile[] = [];
  const problems: string[] = [];
  // The last import first: it started from what the one before had written.
  for (const past of [...recorded].reverse()) {
    try {
      const state = states.get(past.path) ?? readState(past.path, userId);
      const backup = new JsonDocument(readFileSync(past.backup));
      if (takeBack(past, state, backup, problems)) obsolete.push(past.backup);
      states.set(past.path, state);
    } catch (error) {
      problems.push(error instanceof ConfigFileProblem ? error.message : `${messageOf(error)}.`);
      remaining.unshift(past);
    }
  }
  return {
    files: [...states.values()]
      .filter(({ entries }) => entries.size > 0)
      .map(({ file, bytes, entries, whole }) => ({ file, after: bytes, entries: [...entries], whole })),
    obsolete,
    remaining,
    problems,
  };
}

function readState(path: string, userId: number | undefined): State {
  const file = readConfigFile(path, userId);
  if (file === undefined)
    throw new ConfigFileProblem(`${path} is gone: there is nothing to bring back into.`);
  if (file.refusal !== undefined) throw new ConfigFileProblem(`${file.refusal}.`);
  return { file, bytes: file.bytes, whole: true, entries: new Set() };
}

/** @returns whether the file is now equal to its backup */
function takeBack(past: RecordedFile, state: State, backup: JsonDocument, problems: string[]): boolean {
  const names = past.entries.map(({ path }) => path.at(-1) ?? '');
  if (bytesDigest(state.bytes) === past.digest) {
    state.bytes = readFileSync(past.backup);
    for (const name of names) state.entries.add(name);
    return true;
  }
  state.whole = false;
  const document = new JsonDocument(state.bytes);
  const edits = past.entries.flatMap(({ path, digest }): TextEdit[] => {
    const node = document.find(path);
    const old = backup.textAt(path);
    if (node === undefined || old === undefined || valueDigest(document.value(path)) !== digest) {
      problems.push(
        `${path.at(-1)} in ${past.path} was changed after the import and stays as it is; what it was before is in ${past.backup}.`,
      );
      return [];
    }
    state.entries.add(path.at(-1) ?? '');
    return [{ offset: node.offset, length: node.length, content: old }];
  });
  state.bytes = document.encode(document.edited(edits));
  return false;
}
