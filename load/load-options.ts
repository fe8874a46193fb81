/** The flags of `bulkhead load`: one table, from which the help text is made and plans are checked. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { HEADER_FLAGS } from '../src/config/header-flags.js';
import { optionError } from '../src/config/option-error.js';
import {
  byteRate,
  duration,
  httpUrl,
  integer,
  type Kind,
  newFile,
  oneOf,
  onOrOff,
  perSecond,
} from '../src/config/option-kinds.js';
import { messageOf } from '../src/shared/errors.js';
import { didYouMean } from '../src/shared/nearest.js';
import { STATELESS_VERSION } from './client/stateless-message.js';
import type { LoadPlan } from './load-plan.js';
import { parseMix } from './mix.js';
import { ALWAYS_HELD, type Expectation, parseExpectation } from './report/expectations.js';

interface LoadFlag extends Kind<unknown, unknown, string> {
  readonly default?: string;
  /** What the help text shows instead of `default`. */
  readonly defaultText?: string;
  readonly help: string;
}

/** Checked where it is read. */
function text(argument: string): Kind<string> {
  return { argument, expected: 'a non-empty text', schema: z.string().min(1) };
}

/** Checked where headers are made of it, as for the other commands. */
function ofEveryClient(name: keyof typeof HEADER_FLAGS) {
  const { argument, help } = HEADER_FLAGS[name];
  return { ...text(argument), defaultText: 'none', help };
}

export const LOAD_FLAGS = {
  sessions: { ...integer(1, 100_000), default: '10', help: 'number of sessions that make calls' },
  rate: {
    ...perSecond(0.01, 1_000_000),
    defaultText: '50/s',
    help: 'open loop: calls a second over all sessions, each sent when it is due; latency counts from that time',
  },
  concurrency: {
    ...integer(1, 100_000),
    defaultText: 'none',
    help: 'closed loop instead: number of calls in flight over all sessions; each answer is followed by the next call',
  },
  duration: { ...duration(1), default: '30s', help: 'how long calls are made and counted' },
  ramp: {
    ...duration(0),
    defaultText: '5ms for each session',
    help: 'time over which sessions are opened, evenly, before calls are made',
  },
  'warm-up': {
    ...duration(0),
    default: '0',
    help: 'time for calls that are not counted, before the others',
  },
  mix: {
    ...text('<mix>'),
    defaultText: 'one tool that is safe and cheap to call',
    help: 'file with JSON, or the JSON itself: [{"tool", "arguments", "weight"}]; {{session}} and {{n}} in arguments are filled in',
  },
  idle: {
    ...integer(0, 100_000),
    default: '0',
    help: "number of additional sessions that hold a stream for the server's own messages and do nothing",
  },
  listen: { ...onOrOff, default: 'false', help: 'sessions that make calls hold such a stream too' },
  churn: {
    ...perSecond(0, 10_000),
    default: '0',
    help: 'sessions that end and are replaced, a second',
  },
  drop: {
    ...perSecond(0, 10_000),
    default: '0',
    help: 'sessions whose connections are cut and that are replaced, a second',
  },
  era: {
    ...oneOf(['session', 'stateless']),
    default: 'session',
    help: 'stateless: revision 2026-07-28, which has no sessions; --sessions is then the number of clients',
  },
  transport: {
    ...oneOf(['streamable-http', 'sse']),
    default: 'streamable-http',
    help: 'sse: the older HTTP+SSE; <url> is then that of its event stream, such as …/sse',
  },
  'protocol-version': {
    ...oneOf(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']),
    defaultText: '2025-11-25, or 2026-07-28 in the stateless era',
    help: 'protocol version that clients request in the session era',
  },
  timeout: { ...duration(1), default: '30s', help: 'an answer that takes longer counts as lost' },
  'read-rate': {
    ...byteRate,
    defaultText: 'as fast as it comes',
    help: 'how fast each answer is read, to simulate slow readers',
  },
  workers: { ...integer(1, 64), default: '1', help: 'number of threads that make the load' },
  metrics: {
    ...httpUrl,
    defaultText: 'none',
    help: "URL of the server's Prometheus metrics, read before and after, and compared with what the clients saw",
  },
  pid: {
    ...integer(1, 2 ** 31 - 1),
    argument: '<pid>',
    expected: 'the id of a running process',
    defaultText: 'none',
    help: 'process id of the server, to measure processor time, memory, threads and descriptors of its process tree (Linux)',
  },
  out: { ...newFile, defaultText: 'none', help: 'file for the report as JSON' },
  report: { ...newFile, defaultText: 'none', help: 'file for the report as an HTML page' },
  expect: {
    ...text('<threshold>'),
    list: true,
    defaultText: ALWAYS_HELD.join(', '),
    help: "threshold such as 'p99<50ms' or 'errors==0'; may be repeated; if one is missed, the exit code is 1",
  },
  header: { ...ofEveryClient('header'), list: true },
  token: ofEveryClient('token'),
  'token-file': ofEveryClient('token-file'),
} as const satisfies Readonly<Record<string, LoadFlag>>;

export type LoadFlagName = keyof typeof LOAD_FLAGS;
export const LOAD_FLAG_NAMES = Object.keys(LOAD_FLAGS) as readonly LoadFlagName[];

/** The text that was written for each flag, by its name in kebab-case. */
export type GivenLoadFlags = Readonly<Partial<Record<LoadFlagName, unknown>>>;

/** A plan that may have no mix yet, and what else is to be observed and written. */
export interface LoadOptions {
  readonly plan: Omit<LoadPlan, 'mix'>;
  /** `undefined`: a tool of the server that is safe and cheap. */
  readonly mix: LoadPlan['mix'] | undefined;
  readonly metricsUrl: URL | undefined;
  readonly pid: number | undefined;
  readonly jsonFile: string | undefined;
  readonly htmlFile: string | undefined;
  readonly expectations: readonly Expectation[];
}

const SESSION_VERSION = '2025-11-25';
const DEFAULT_RATE = 50;
const RAMP_MS_PER_SESSION = 5;

/**
 * Checks what was written.
 * @param headers what `--header`, `--token` and `--token-file` give
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` with one sentence.
 */
export function resolveLoadOptions(
  writtenUrl: string,
  given: GivenLoadFlags,
  headers: LoadPlan['headers'],
  cwd: string,
): LoadOptions {
  type Value<Name extends LoadFlagName> = z.output<(typeof LOAD_FLAGS)[Name]['schema']>;
  function read<Name extends LoadFlagName>(name: Name): Value<Name> | undefined {
    const flag: LoadFlag = LOAD_FLAGS[name];
    const raw = given[name] ?? flag.default;
    if (raw === undefined) return undefined;
    const checked = flag.schema.safeParse(flag.absolute?.(raw, cwd) ?? raw);
    if (checked.success) return checked.data as Value<Name>;
    throw optionError(`--${name} is ${JSON.stringify(raw)}, but must be ${flag.expected}.`);
  }
  const url = httpUrl.schema.safeParse(writtenUrl);
  if (!url.success) {
    const meant = didYouMean(writtenUrl, ['compare']);
    throw optionError(`<url> is ${JSON.stringify(writtenUrl)}, but must be ${httpUrl.expected}${meant}.`);
  }
  const callsPerSecond = read('rate');
  const concurrency = read('concurrency');
  if (callsPerSecond !== undefined && concurrency !== undefined) {
    throw optionError('--rate and --concurrency are two kinds of load: keep one of them.');
  }
  const era = read('era') ?? 'session';
  if (era === 'stateless') refuseSessionFlags(given);
  const sessions = read('sessions') ?? 0;
  const idleSessions = read('idle') ?? 0;
  const workers = read('workers') ?? 1;
  const plan: LoadOptions['plan'] = {
    url: url.data.href,
    headers,
    era,
    transport: read('transport') ?? 'streamable-http',
    protocolVersion: era === 'stateless' ? STATELESS_VERSION : (read('protocol-version') ?? SESSION_VERSION),
    sessions,
    idleSessions,
    listen: read('listen') ?? false,
    arrivals:
      concurrency === undefined
        ? { loop: 'open', callsPerSecond: callsPerSecond ?? DEFAULT_RATE }
        : { loop: 'closed', concurrency },
    warmUpMs: read('warm-up') ?? 0,
    rampMs: read('ramp') ?? RAMP_MS_PER_SESSION * (sessions + idleSessions),
    durationMs: read('duration') ?? 0,
    churnPerSecond: read('churn') ?? 0,
    dropPerSecond: read('drop') ?? 0,
    timeoutMs: read('timeout') ?? 0,
    readBytesPerSecond: read('read-rate'),
    workers,
  };
  if (workers > sessions) {
    throw optionError(
      `--workers is ${workers}, but there are only ${sessions} sessions to share (--sessions).`,
    );
  }
  if (concurrency !== undefined && workers > concurrency) {
    throw optionError(`--workers is ${workers}, but only ${concurrency} calls to share (--concurrency).`);
  }
  const expectations = [given.expect ?? []].flat().map((written) => parseExpectation(String(written)));
  return {
    plan,
    mix: given.mix === undefined ? undefined : readMix(String(given.mix), cwd),
    metricsUrl: read('metrics'),
    pid: read('pid'),
    jsonFile: read('out'),
    htmlFile: read('report'),
    expectations,
  };
}

/** What only sessions have. */
function refuseSessionFlags(given: GivenLoadFlags): void {
  if (given.transport === 'sse') {
    throw optionError('--transport is "sse", which the stateless era does not have (--era).');
  }
  if (given['protocol-version'] !== undefined) {
    throw optionError(
      `--protocol-version is for the session era: the stateless era (--era) has ${STATELESS_VERSION} alone.`,
    );
  }
}

function readMix(written: string, cwd: string): LoadPlan['mix'] {
  if (written.trimStart().startsWith('[')) return parseMix(written, 'The mix of --mix');
  const path = resolve(cwd, written);
  let content: string;
  try {
    content = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw optionError(`The mix ${path} cannot be read: ${messageOf(error)}.`, error);
  }
  return parseMix(content, `The mix ${path}`);
}
