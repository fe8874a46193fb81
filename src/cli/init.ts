/** `bulkhead init`: makes a small project with a server module and its test. */
import { relative } from 'node:path';
import { optionError } from '../config/option-error.js';
import { didYouMean } from '../shared/nearest.js';
import { EXIT_OK } from './failure.js';
import { type Language, projectFiles, TEMPLATE_NAME } from './init/project-files.js';
import { type ProjectFolder, projectFolder } from './init/project-folder.js';
import { type Questions, questionsOn } from './init/questions.js';
import { writeProject } from './init/write-project.js';

export interface InitRequest {
  /** As the user wrote it; `undefined` if it was not given. */
  readonly folder: string | undefined;
  readonly language: Language | undefined;
  readonly cwd: string;
  /** Where to ask for what was not given; without it, the defaults are taken. */
  readonly terminal?: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream };
}

/** By what a user may answer. */
const LANGUAGE_NAMES: ReadonlyMap<string, Language> = new Map([
  ['ts', 'typescript'],
  ['typescript', 'typescript'],
  ['js', 'javascript'],
  ['javascript', 'javascript'],
]);

/** What is worth a line when the project has been made. */
const EXPLAINED = [
  [/^src\//, 'the server: two tools'],
  [/^test\//, 'its tests'],
  [/^package\.json$/, 'scripts: dev, start, test'],
  [/^Dockerfile$/, 'runs it in a container'],
] as const;

/**
 * @returns the exit code
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if there can be no project in the folder
 * @throws {CommandFailure} if the project cannot be written
 */
export async function init(request: InitRequest): Promise<number> {
  const { folder, language } = await completed(request);
  const files = projectFiles(folder.name, language);
  writeProject(folder.path, files);
  process.stdout.write(describeCreated(folder, [...files.keys()], request.cwd));
  return EXIT_OK;
}

interface Choices {
  readonly folder: ProjectFolder;
  readonly language: Language;
}

/** Asks for what was not given, if there is a terminal. */
async function completed({ folder, language, cwd, terminal }: InitRequest): Promise<Choices> {
  const inFolder = (written: string): ProjectFolder => projectFolder(written, cwd);
  const given = folder === undefined ? undefined : inFolder(folder);
  if (terminal === undefined || (given !== undefined && language !== undefined)) {
    return { folder: given ?? inFolder(TEMPLATE_NAME), language: language ?? 'typescript' };
  }
  const questions: Questions = questionsOn(terminal.input, terminal.output);
  try {
    return {
      folder: given ?? (await questions.ask('Folder', TEMPLATE_NAME, inFolder)),
      language: language ?? (await questions.ask('Language, ts or js', 'ts', parseLanguage)),
    };
  } finally {
    questions.close();
  }
}

function parseLanguage(answer: string): Language {
  const language = LANGUAGE_NAMES.get(answer.toLowerCase());
  if (language !== undefined) return language;
  throw optionError(`The language is ts or js${didYouMean(answer, LANGUAGE_NAMES.keys())}.`);
}

function describeCreated({ path, name }: ProjectFolder, files: readonly string[], cwd: string): string {
  const where = relative(cwd, path);
  const explained = files.flatMap((file) => {
    const [, explanation] = EXPLAINED.find(([pattern]) => pattern.test(file)) ?? [];
    return explanation === undefined ? [] : [`  ${file.padEnd(22)}${explanation}`];
  });
  const enter = where === '' ? [] : [`  cd ${quoted(where)}`];
  return [
    `Created ${name}:`,
    ...explained,
    '',
    'Next:',
    ...enter,
    '  npm install',
    '  npm test',
    '  npm run dev',
    '',
  ].join('\n');
}

/** For a shell. The project's own name is safe, but the folders above may have any name. */
function quoted(path: string): string {
  return /^[\w./\\:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
