/** The options of `session.spawn`. They are checked before anything is started, and none is ignored. */
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { SessionSpawnOptions } from '../../../src/shared/define-server.js';
import { BulkheadError } from '../../../src/shared/errors.js';

/** How a process is started, as plain data. */
export interface SpawnPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly argv0: string | undefined;
  readonly lifetime: SessionSpawnOptions['lifetime'];
  readonly limits: SpawnLimits;
}

/** What kills the process before its lifetime ends. */
export interface SpawnLimits {
  readonly signal: AbortSignal | undefined;
  /** 0: none */
  readonly timeoutMs: number;
  readonly killSignal: NodeJS.Signals | number;
}

const TAKEN = new Set(['cwd', 'env', 'argv0', 'lifetime', 'signal', 'timeout', 'killSignal']);

/** Options of `node:child_process` that are accepted only with the value that applies anyway. */
const FIXED: Readonly<Record<string, { readonly isSo: (value: unknown) => boolean; readonly why: string }>> =
  {
    stdio: { isSo: isPipes, why: 'stdin, stdout and stderr are always pipes' },
    shell: { isSo: (value) => value === false, why: 'no shell is used; give one as the command, if need be' },
    detached: { isSo: (value) => value === false, why: 'no process outlives its session' },
    windowsHide: { isSo: (value) => value === true, why: 'no window is ever shown' },
  };

const LIFETIMES: readonly unknown[] = ['request', 'session', undefined];
/** The maximum of `setTimeout`. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * @throws {BulkheadError} `ERR_BULKHEAD_SPAWN`, which names an option that `session.spawn` does not support
 * @throws {TypeError} and {RangeError} with the codes of `node:child_process`, for values that it refuses as well
 */
export function spawnPlan(command: unknown, args: unknown, options: unknown): SpawnPlan {
  if (!Array.isArray(args)) {
    // `spawn(command, options)`
    if (args === undefined || args === null) return spawnPlan(command, [], options);
    if (typeof args === 'object' && options === undefined) return spawnPlan(command, [], args);
    throw wrongType('args', 'an array of strings', args);
  }
  if (typeof options !== 'object' || options === null) {
    if (options === undefined) return spawnPlan(command, args, {});
    throw wrongType('options', 'an object', options);
  }
  checkNames(options as Readonly<Record<string, unknown>>);
  const { cwd, argv0, lifetime, signal, timeout, killSignal }: SessionSpawnOptions = options;
  const env: unknown = (options as SessionSpawnOptions).env ?? process.env;
  if (!LIFETIMES.includes(lifetime)) {
    const message = `session.spawn: lifetime is ${quoted(lifetime)}; it must be "request" or "session".`;
    throw new BulkheadError('ERR_BULKHEAD_SPAWN', message);
  }
  if (typeof env !== 'object' || env === null) throw wrongType('options.env', 'an object', env);
  if (signal !== undefined && !isAbortSignal(signal))
    throw wrongType('options.signal', 'an AbortSignal', signal);
  const folder = cwd instanceof URL ? fileURLToPath(cwd) : cwd;
  return {
    command: text('command', command, true),
    args: args.map((argument, index) => text(`args[${index}]`, String(argument))),
    cwd: folder === undefined || folder === null ? undefined : text('options.cwd', folder),
    env: definedVariables(env as NodeJS.ProcessEnv),
    argv0: argv0 === undefined ? undefined : text('options.argv0', argv0),
    lifetime,
    limits: { signal, timeoutMs: checkedTimeout(timeout), killSignal: checkedSignal(killSignal) },
  };
}

function checkNames(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || TAKEN.has(name)) continue;
    const fixed = Object.hasOwn(FIXED, name) ? FIXED[name] : undefined;
    if (fixed?.isSo(value) === true) continue;
    const why = fixed?.why ?? `its options are ${[...TAKEN].join(', ')}`;
    const message =
      fixed === undefined
        ? `session.spawn has no option "${name}": ${why}.`
        : `session.spawn cannot do ${name}: ${quoted(value)}, since ${why}.`;
    throw new BulkheadError('ERR_BULKHEAD_SPAWN', message);
  }
}

function isPipes(value: unknown): boolean {
  if (!Array.isArray(value)) return value === 'pipe';
  return value.length <= 3 && value.every((one) => one === 'pipe' || one === undefined || one === null);
}

function isAbortSignal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'aborted' in value;
}

function checkedTimeout(timeout: unknown): number {
  if (timeout === undefined || timeout === null) return 0;
  if (typeof timeout !== 'number') throw wrongType('options.timeout', 'a number of milliseconds', timeout);
  if (Number.isInteger(timeout) && timeout >= 0 && timeout <= LONGEST_TIMEOUT_MS) return timeout;
  const message = `options.timeout must be an integer from 0 to ${LONGEST_TIMEOUT_MS}, not ${timeout}`;
  throw Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' });
}

function checkedSignal(signal: unknown): NodeJS.Signals | number {
  if (signal === undefined || signal === null) return 'SIGTERM';
  const { signals } = constants;
  if (typeof signal === 'number' && (Object.values(signals) as number[]).includes(signal)) return signal;
  const name = typeof signal === 'string' ? signal.toUpperCase() : '';
  if (Object.hasOwn(signals, name)) return name as NodeJS.Signals;
  const message = `options.killSignal: there is no signal ${quoted(signal)}`;
  throw Object.assign(new TypeError(message), { code: 'ERR_UNKNOWN_SIGNAL' });
}

function definedVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const defined: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined)
      defined[text('a name of options.env', name)] = text(`options.env.${name}`, String(value));
  }
  return defined;
}

/** A string that a system call can accept. */
function text(what: string, value: unknown, filled = false): string {
  if (typeof value !== 'string') throw wrongType(what, 'a string', value);
  if (value.includes('\0')) throw wrongValue(what, 'must have no null bytes');
  if (filled && value === '') throw wrongValue(what, 'must not be empty');
  return value;
}

function wrongType(what: string, right: string, value: unknown): TypeError {
  const message = `${what} must be ${right}, not ${value === null ? 'null' : typeof value}`;
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}

function wrongValue(what: string, why: string): TypeError {
  return Object.assign(new TypeError(`${what} ${why}`), { code: 'ERR_INVALID_ARG_VALUE' });
}

function quoted(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // A circle, or a BigInt.
    return typeof value;
  }
}
