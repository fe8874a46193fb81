/**
 * What undoing imports would do. A file that is as the import left it gets its backup back, byte for byte. In one that was
 * changed since, such as Claude Code's, which the client writes all the time, the entries alone go back; an entry that was
 * changed itself stays.
 */
import { readFileSync } from 'node:fs';
import { messageOf } from '../shared/errors.js';
import { type ConfigFile, ConfigFileProblem, readConfigFile } from './config-file.js';
import { bytesDigest, type RecordedFile, valueDigest } from './import-record.js';
import { JsonDocument, type TextEdit } from './json-document.js';

interface UndonePart {
  readonly file: ConfigFile;
  /** Names of the entries that go back. */
  readonly entries: readonly string[];
  /** Whether the whole file is as it was before the import. */
  readonly whole: boolean;
}

export interface UndoPlan {
  /** One for each file, with what it holds afterwards. */
  readonly files: readonly (UndonePart & { readonly after: Buffer })[];
  /** Backups that hold nothing any more that the files don't. */
  readonly obsolete: readonly string[];
  /** Records of what can't be undone now. */
  readonly remaining: readonly RecordedFile[];
  /** Whole sentences. */
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
  // The last import first: what it found is what the one before had left.
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

/** @returns whether the file is as its backup now. */
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
