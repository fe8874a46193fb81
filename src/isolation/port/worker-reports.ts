/** Events of the gateway about one worker: what it reports, log lines and metrics, and how it ends. */
import { messageOf } from '../../shared/errors.js';
import type { FromWorkerFrame } from '../../shared/frames/from-worker.js';
import type { SessionContext } from '../../shared/session-context.js';
import type { GatewayEmitter, Isolation } from '../../telemetry/events.js';
import type { WorkerExit } from '../worker.js';

/** A worker sends at most 8 Ki characters of fields; hosted code can send more. */
const MAX_FIELD_OBJECTS = 1000;

type ReportFrame = Extract<FromWorkerFrame, { type: 'log' | 'log-dropped' | 'metrics' }>;

/**
 * @param context the context of the session that has the thread
 * @param readable returns a text of the thread with positions in the server module's own files
 */
export function report(
  frame: ReportFrame,
  thread: number,
  context: SessionContext | undefined,
  events: GatewayEmitter,
  readable: (text: string) => string,
): void {
  switch (frame.type) {
    case 'log':
      events.emit('module-log', {
        ...frame,
        message: readable(frame.message),
        fields: frame.fields && withReadableStacks(frame.fields, readable),
        context,
      });
      return;
    case 'log-dropped':
      events.emit('module-log-dropped', { context, lines: frame.lines });
      return;
    case 'metrics':
      events.emit('thread-metrics', { thread, metrics: frame.metrics });
      return;
    default:
      return frame satisfies never;
  }
}

/** The module did not let its thread sleep in time, or the thread did not answer. */
export function reportSlowSleep(context: SessionContext | undefined, events: GatewayEmitter): void {
  events.emit('module-log', {
    context,
    key: undefined,
    source: 'session',
    level: 'warn',
    message:
      "the server module's onSleep took longer than cancel-grace, or the thread did not answer; it was taken away",
    fields: undefined,
  });
}

/** Errors among the fields of a log line have become plain objects by now. They are copies: nobody else has them. */
function withReadableStacks(
  fields: Readonly<Record<string, unknown>>,
  readable: (text: string) => string,
): Readonly<Record<string, unknown>> {
  const left: object[] = [fields];
  for (let count = 0; count < MAX_FIELD_OBJECTS; count += 1) {
    const object = left.pop() as Record<string, unknown> | undefined;
    if (object === undefined) break;
    for (const [name, value] of Object.entries(object)) {
      if (name === 'stack' && typeof value === 'string') object[name] = readable(value);
      else if (typeof value === 'object' && value !== null) left.push(value);
    }
  }
  return fields;
}

/** The worker that an event is about. */
export interface AboutWorker {
  readonly thread: number;
  readonly isolation: Isolation;
  /** That of its session. */
  readonly context: SessionContext | undefined;
}

export function reportExit(
  about: AboutWorker,
  { cause, message, stack }: WorkerExit,
  more: {
    readonly killMs: number | undefined;
    readonly requestsLost: number;
    readonly running: readonly string[];
  },
  events: GatewayEmitter,
): void {
  events.emit('thread-exited', { ...about, cause, message, stack, ...more });
}

/** It was told to terminate, and a native call holds it. */
export function reportStuck(about: AboutWorker, running: readonly string[], events: GatewayEmitter): void {
  events.emit('thread-stuck', { ...about, running });
}

/** What it sent is no frame. */
export function reportUnreadable(
  { thread, isolation, context }: AboutWorker,
  error: unknown,
  events: GatewayEmitter,
): void {
  events.emit('notice', {
    level: 'error',
    message: `a session's ${isolation} was ended: what it sent could not be handled: ${messageOf(error)}`,
    fields: { thread, sessionId: context?.sessionId },
  });
}
