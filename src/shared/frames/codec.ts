/**
 * How a message between the main thread and a session's worker is posted, and how it is read. The two of which there is one for
 * each call are plain text, all others are posted as they are: cloning an object takes a port twice as long.
 *
 * Whoever reads believes nothing: what is no frame is refused with a sentence that says why. A module's code can post on its
 * thread's port too.
 */
import { cut } from '../errors.js';
import { isRequestId, type RequestId } from '../request-id.js';
import type { FromWorkerFrame, SendFrame } from './from-worker.js';
import { FROM_WORKER, type Shapes, strangeMember, TO_WORKER } from './shapes.js';
import type { MessageFrame, ToWorkerFrame } from './to-worker.js';

/** `message`: its marks, `key`, line break, `body`. */
export type EncodedToWorker = string | Exclude<ToWorkerFrame, MessageFrame>;
/** `send` of a result: `id` as JSON, line break, `body`. */
export type EncodedFromWorker = string | FromWorkerFrame;

/** What the text of a message of the stateless era begins with, then that of one for the fast path. No key does. */
const STATELESS = '~';
const FAST_PATH = '!';
const MAX_QUOTED_CHARS = 50;

/** What was posted is no frame. */
class FrameError extends Error {
  override readonly name = 'FrameError';
}

export function encodeToWorker(frame: ToWorkerFrame): EncodedToWorker {
  if (frame.type !== 'message') return frame;
  const { key, body, fastPath, stateless } = frame;
  return `${stateless ? STATELESS : ''}${fastPath ? FAST_PATH : ''}${key}\n${body}`;
}

/** @throws {FrameError} */
export function decodeToWorker(posted: unknown): ToWorkerFrame {
  if (typeof posted !== 'string') return checked(posted, TO_WORKER);
  const end = posted.indexOf('\n');
  if (end < 0) throw new FrameError('a message begins with its key and a line break');
  const stateless = posted.startsWith(STATELESS);
  const afterEra = stateless ? STATELESS.length : 0;
  const fastPath = posted.startsWith(FAST_PATH, afterEra);
  const key = posted.slice(fastPath ? afterEra + FAST_PATH.length : afterEra, end);
  return { type: 'message', key, body: posted.slice(end + 1), fastPath, stateless };
}

export function encodeFromWorker(frame: FromWorkerFrame): EncodedFromWorker {
  return frame.type === 'send' && isResult(frame) ? `${JSON.stringify(frame.id)}\n${frame.body}` : frame;
}

/** @throws {FrameError} */
export function decodeFromWorker(posted: unknown): FromWorkerFrame {
  if (typeof posted !== 'string') {
    const frame = checked(posted, FROM_WORKER);
    if (frame.type === 'send' && !isConsistent(frame))
      throw new FrameError(`a "send" frame of a ${frame.kind} has members of another kind`);
    return frame;
  }
  const end = posted.indexOf('\n');
  const id = idIn(posted.slice(0, Math.max(0, end)));
  if (id === undefined)
    throw new FrameError("a result begins with its request's id as JSON and a line break");
  return { type: 'send', kind: 'response', id, relatedTo: id, body: posted.slice(end + 1) };
}

/** A response that is a result and no tool's error, and of which there is nothing more to say. */
function isResult({ kind, id, failure, declared, left }: SendFrame): boolean {
  const plain = failure === undefined && declared === undefined && left === undefined;
  return kind === 'response' && id !== undefined && plain;
}

/** Whether it has only what `SendFrame` says of its kind. */
function isConsistent(frame: SendFrame): boolean {
  const { kind, id, relatedTo, failure, message, stack, declared, listChanged, progress, topic, left } =
    frame;
  if (failure === undefined && (message !== undefined || stack !== undefined)) return false;
  if (kind !== 'notification' && (listChanged ?? progress ?? topic) !== undefined) return false;
  if (topic !== undefined && relatedTo !== undefined) return false;
  return kind === 'response' ? relatedTo === id : (failure ?? declared ?? left) === undefined;
}

function idIn(text: string): RequestId | undefined {
  let id: unknown;
  try {
    id = JSON.parse(text);
  } catch {
    // Whoever asks says what it should have been.
    return undefined;
  }
  return isRequestId(id) ? id : undefined;
}

function checked<Frame extends { readonly type: string }>(value: unknown, shapes: Shapes<Frame>): Frame {
  if (typeof value !== 'object' || value === null)
    throw new FrameError(
      `a frame is an object or a text, not ${value === null || value === undefined ? value : `a ${typeof value}`}`,
    );
  const frame = value as Readonly<Record<string, unknown>>;
  const { type } = frame;
  if (typeof type !== 'string' || !Object.hasOwn(shapes, type))
    throw new FrameError(`no frame has the type ${quoted(type)}`);
  const strange = strangeMember(frame, shapes[type as Frame['type']], 'type');
  if (strange !== undefined)
    throw new FrameError(`a "${type}" frame has a wrong, missing or unknown member ${quoted(strange)}`);
  return value as Frame;
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(cut(value, MAX_QUOTED_CHARS)) : `of a ${typeof value}`;
}
