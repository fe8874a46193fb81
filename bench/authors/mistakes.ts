/** Five mistakes that authors make, and what each way shows of them: to its author, and to a client. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { greet, type Served, sessionWithin } from './served.js';
import { GREETING } from './ways.js';

export interface Mistake {
  readonly name: string;
  /** The text of the imported file with the mistake in it. */
  readonly text: string;
  /** The line of it that is wrong. */
  readonly line: number;
  /** How long the author looks at the terminal before giving up. */
  readonly patienceMs: number;
}

/** The text without a mistake, line by line. */
const RIGHT = [
  "import { z } from 'zod';",
  '',
  'export const schema = { name: z.string() };',
  '',
  'export function greeting(name) {',
  `  return 'Hello, ' + name;`,
  '}',
  '',
];

function mistake(name: string, line: number, wrong: string, patienceMs = 5_000): Mistake {
  return { name, line, text: RIGHT.with(line - 1, wrong).join('\n'), patienceMs };
}

export const MISTAKES: readonly Mistake[] = [
  mistake('a syntax error in an imported file', 6, `  return 'Hello, ' + name +;`),
  mistake('an exception in a tool', 6, `  return 'Hello, ' + name.first.toUpperCase();`),
  mistake(
    'an exception in a timer',
    6,
    `  setTimeout(() => name.first.toUpperCase(), 50); return 'Hello, ' + name;`,
  ),
  mistake('an invalid schema', 3, `export const schema = { name: 'string' };`),
  mistake(
    'an import that never ends',
    4,
    'await new Promise((resolve) => setTimeout(resolve, 1e8));',
    40_000,
  ),
];

export interface Shown {
  /** What the terminal shows, without what it shows of a project without mistakes. */
  readonly terminal: string;
  /** Whether that names the file and the line. */
  readonly namesPlace: boolean;
  /** What a client gets for its call. */
  readonly client: string;
  /** Whether another client, whose session was open before, is answered afterwards; `undefined` where none can be open. */
  readonly neighbour: boolean | undefined;
}

/** Calls of the timer's mistake are answered before it happens. */
const AFTER_CALL_MS = 1_000;

export async function show({ line, patienceMs }: Mistake, served: Served, folder: string): Promise<Shown> {
  const neighbour = await sessionWithin(served, patienceMs);
  const caller = neighbour && (await sessionWithin(served, patienceMs));
  const outcome = caller && (await greet(caller));
  await delay(AFTER_CALL_MS);
  const other = neighbour && (await greet(neighbour));
  await Promise.all([neighbour?.close(), caller?.close()]);
  const terminal = served.running.output().replaceAll(`${folder}/`, '').replaceAll(folder, '.');
  return {
    terminal,
    namesPlace: new RegExp(`${GREETING.replace('.', '\\.')}[:(]${line}\\b`).test(terminal),
    client: outcome === undefined ? 'no connection' : outcome.text,
    neighbour: other && other.kind !== 'broken',
  };
}

export function make({ text }: Mistake, folder: string): void {
  writeFileSync(join(folder, GREETING), text);
}
