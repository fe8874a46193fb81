/** Why a server module cannot be served: a sentence for everybody, and for its author the place that is at fault. */
import { NOT_SETTLED } from '../isolation/port/worker-start.js';
import { authorStack, type Position } from '../shared/author-stack.js';
import { BulkheadError, messageOf } from '../shared/errors.js';
import { codeFrame } from './code-frame.js';
import { startFault, topLevelAwaits } from './start-fault.js';

export interface FailedTrial {
  readonly error: unknown;
  /** Of what it threw, with positions in the author's files. */
  readonly stack: string | undefined;
}

/**
 * @param path of the server module; `undefined`: the built-in server
 * @param printed what the module printed last, as the end of a sentence
 */
export async function startFailure(
  path: string | undefined,
  trial: FailedTrial,
  printed: string,
): Promise<BulkheadError> {
  const { error } = trial;
  const { message, detail } = path === undefined ? {} : await explained(path, trial);
  // Node's message about a file that is no JSON quotes several of its lines.
  const lines = (message ?? messageOf(error)).split('\n').map((line) => line.trim());
  const sentence = lines.filter((line) => line !== '').join(' ');
  return new BulkheadError(
    'ERR_BULKHEAD_SERVER_MODULE',
    `${path ?? 'the built-in server'}: ${sentence}${printed}`,
    { cause: error, ...(detail !== undefined && { detail }) },
  );
}

interface Explanation {
  readonly message?: string;
  readonly detail?: string;
}

async function explained(path: string, { error, stack }: FailedTrial): Promise<Explanation> {
  try {
    if (stack === undefined) return unsettled(error) ? await unsettledImport(path) : {};
    const fault = await startFault(path, stack);
    if (fault === undefined) return {};
    return {
      ...(fault.message !== undefined && { message: `the server module cannot be used: ${fault.message}` }),
      detail: await framed([fault], framesOf(stack)),
    };
  } catch (failure) {
    // The search for the place must not hide what went wrong.
    return { detail: `the place at fault was not found: ${messageOf(failure)}` };
  }
}

/** The import still waited when the thread was given up: the places where it may. */
async function unsettledImport(path: string): Promise<Explanation> {
  const awaits = await topLevelAwaits(path);
  return awaits.length === 0 ? {} : { detail: await framed(awaits, undefined) };
}

async function framed(positions: readonly Position[], stack: string | undefined): Promise<string> {
  const frames = await Promise.all(positions.map((position) => codeFrame(position)));
  return [...frames, ...(stack === undefined ? [] : [stack])].join('\n\n');
}

function unsettled(error: unknown): boolean {
  return messageOf(error).includes(NOT_SETTLED);
}

/** Without its head, which is in the sentence; nothing if it says no more than the place does. */
function framesOf(stack: string): string | undefined {
  const frames = authorStack(stack)
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line));
  return frames !== undefined && frames.length > 1 ? frames.join('\n') : undefined;
}
