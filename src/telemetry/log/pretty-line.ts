/**
 * Log lines for people: time, level, event, tool, reason, duration and a short session id in one line, then what else is
 * known. On a terminal, a line ends at its width; warnings and errors keep their message whatever its length. Texts of
 * several lines, such as stacks, follow below, indented.
 */
import type { DestinationStream } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { cut } from '../../shared/errors.js';
import { type Fields, isFields } from '../../shared/fields.js';

const TIME_FORMAT = 'HH:MM:ss.l';
/** `[`, the time, and `] `. */
const TIME_CHARS = '[00:00:00.000] '.length;
const WARN = 40;
const INDENT = '    ';
const SHORT_ID_CHARS = 8;
const MAX_VALUE_CHARS = 200;
/** Errors below each other: an error, its causes, and those of an `AggregateError`. */
const MAX_BLOCKS = 8;
/** What is in every line, or said in another way. */
const KNOWN: ReadonlySet<string> = new Set(
  'level time msg tool reason durationMs sessionId detail method request stack where fields cause client server source'.split(
    ' ',
  ),
);
/** What JSON has of the owner of a session; here it is at the end. */
const LAST = ['server', 'client'] as const;

export interface PrettyOptions {
  readonly colorize: boolean;
  /** Columns of the terminal; `undefined`: lines may have any length. */
  readonly width: () => number | undefined;
}

/** In this thread and synchronous: a transport in a worker would lose lines when the process exits. */
export function prettyStream(
  stream: DestinationStream,
  { colorize, width }: PrettyOptions,
): DestinationStream {
  const prettify = prettyFactory({
    colorize,
    hideObject: true,
    translateTime: `SYS:${TIME_FORMAT}`,
    messageFormat: (log, _key, level) => prettyMessage(log, level, width()),
  });
  return { write: (line) => stream.write(prettify(line)) };
}

/**
 * All that follows the time and the level of a line.
 * @param level the name of its level
 * @param width columns of the terminal
 */
export function prettyMessage(log: Fields, level: string, width: number | undefined): string {
  const [event = '', ...below] = String(log.msg ?? '').split('\n');
  const { fields } = log;
  const members = isFields(fields) ? fields : {};
  const head = [sourced(event, log.source), ...facts(log)].join('  ');
  const detail = typeof log.detail === 'string' ? `: ${log.detail}` : '';
  const rest = [...rests(log), ...rests(members), ...LAST.flatMap((name) => named(name, log[name]))].join(
    ' ',
  );
  const room = width === undefined ? Number.POSITIVE_INFINITY : width - TIME_CHARS - `${level}: `.length;
  const line = fitted(head + detail, rest, room, severity(log.level) >= WARN);
  const blocks = [...below, ...linesOf(log.where), ...linesOf(log.stack), ...errorsIn(members)];
  return [line, ...blocks.map((text) => INDENT + text)].join('\n');
}

/** What a module has written to stdout or stderr says so; what it has logged needs not. */
function sourced(event: string, source: unknown): string {
  return source === 'stdout' || source === 'stderr' ? `${source}: ${event}` : event;
}

function facts({ tool, method, reason, cause, durationMs, sessionId }: Fields): string[] {
  return [
    ...(tool === undefined ? named('method', method) : named('tool', tool)),
    ...named('reason', reason),
    ...named('cause', cause),
    ...(typeof durationMs === 'number' ? [duration(durationMs)] : []),
    ...(typeof sessionId === 'string' ? [`session=${sessionId.slice(0, SHORT_ID_CHARS)}`] : []),
  ];
}

function duration(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`;
}

function rests(fields: Fields): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (KNOWN.has(name)) return [];
    // Its stack is below, and begins with it.
    if (isFields(value) && typeof value.stack === 'string') return [];
    return named(name, value);
  });
}

function named(name: string, value: unknown): string[] {
  if (value === undefined || value === null) return [];
  return [
    `${name}=${cut(typeof value === 'string' ? quoted(value) : JSON.stringify(value), MAX_VALUE_CHARS)}`,
  ];
}

/** In one line, and with an end that can be seen. */
function quoted(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** @param whole whether `first` keeps its length */
function fitted(first: string, rest: string, room: number, whole: boolean): string {
  const line = rest === '' ? first : `${first}  ${rest}`;
  if (line.length <= room) return line;
  if (whole && first.length >= room) return first;
  return `${line.slice(0, Math.max(1, room - 1))}…`;
}

function severity(level: unknown): number {
  if (typeof level === 'number') return level;
  return level === 'warn' || level === 'error' || level === 'fatal' ? WARN : 0;
}

/** Errors among the fields that a module has logged, with their causes, which are inside of each other. */
function errorsIn(members: Fields): string[] {
  const lines: string[] = [];
  const left: [label: string, value: unknown][] = Object.entries(members).reverse();
  for (let count = 0; count < MAX_BLOCKS && left.length > 0; ) {
    const [label, value] = left.pop() ?? ['', undefined];
    if (Array.isArray(value)) left.push(...value.map((item): [string, unknown] => [label, item]).reverse());
    if (!isFields(value) || typeof value.message !== 'string') continue;
    count += 1;
    const { name = 'Error', message, stack, cause, errors } = value;
    const [first, ...more] = linesOf(typeof stack === 'string' ? stack : `${String(name)}: ${message}`);
    lines.push(`${label}: ${first ?? ''}`, ...more);
    left.push(['one of them', errors], ['caused by', cause]);
  }
  return lines;
}

function linesOf(text: unknown): string[] {
  return typeof text === 'string' && text !== '' ? text.split('\n') : [];
}
