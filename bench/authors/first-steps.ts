/** From an empty folder to a first call, and to a first test that passes: what is typed, and how long it takes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runWell } from './shell.js';
import { linesOf, sourceOf, type Way } from './ways.js';

const DEADLINE_MS = 300_000;

export interface FirstSteps {
  /** Commands that are typed, and lines that are written by hand, until the first answer. */
  readonly callCommands: number;
  readonly callLines: number;
  /** What the commands take together; nobody's typing is in it. */
  readonly callMs: number;
  /** The same until the first test has passed, the way to the first call included. */
  readonly testCommands: number;
  readonly testLines: number;
  readonly testMs: number;
}

/** @param folder empty */
export async function firstSteps(way: Way, folder: string): Promise<FirstSteps> {
  const settings = { cwd: folder, deadlineMs: DEADLINE_MS };
  let ms = (await runWell(way.begin, settings)).ms;
  const project = way.made === undefined ? folder : join(folder, way.made);
  const here = { ...settings, cwd: project };
  ms += (await runWell(['npm', 'install', '--no-audit', '--no-fund', ...way.packages], here)).ms;
  write(way, project, way.files);
  const call = await runWell(way.call, here);
  if (!call.output.includes('Hello, Ada')) throw new Error(`${way.name} answered: ${call.output}`);
  ms += call.ms;
  const callMs = ms;
  write(way, project, way.testFiles);
  ms += (await runWell(way.test, here)).ms;
  const callLines = linesOf(way, way.files);
  return {
    callCommands: 3,
    callLines,
    callMs,
    testCommands: 4,
    testLines: callLines + linesOf(way, way.testFiles),
    testMs: ms,
  };
}

/** A project whose packages are installed and whose files are written, for what is tried after the first steps. */
export async function makeProject(way: Way, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const settings = { cwd: folder, deadlineMs: DEADLINE_MS };
  await runWell(['npm', 'init', '-y'], settings);
  await runWell(['npm', 'install', '--no-audit', '--no-fund', ...way.packages], settings);
  write(way, folder, [...new Set([...way.files, ...way.serveFiles])]);
}

function write(way: Way, folder: string, files: readonly string[]): void {
  for (const file of files) writeFileSync(join(folder, file), sourceOf(way, file));
}
