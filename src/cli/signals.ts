/** What each signal does to a command. docs/operations.md has the table. */
import { closeSync, constants as files, openSync } from 'node:fs';
import { constants } from 'node:os';

/** Signals that ask to stop. SIGHUP: the terminal from which it was started has closed; or see `onHangUp`. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Signals that would end the process at once and leave its child processes behind. Those that Node or V8 needs are not
 * listed.
 */
const EXIT_SIGNALS = [
  'SIGQUIT',
  'SIGABRT',
  'SIGALRM',
  'SIGVTALRM',
  'SIGXCPU',
  'SIGIO',
  'SIGPWR',
  'SIGSTKFLT',
] as const;

/** SIGUSR1 would open Node's inspector, and so the process, to every user of the machine. */
const IGNORED_SIGNALS = ['SIGUSR1', 'SIGUSR2'] as const;
/** Programs that rotate logs send it. */
const REOPEN_SIGNAL = 'SIGUSR2';

/** State of a stop after the first signal that asked for it. */
export interface StopSignal {
  /** Aborts at the first signal. The reason is the signal's name, or the cause given to `request`. */
  readonly signal: AbortSignal;
  /** Asks to stop as SIGTERM does, unless a stop has already been asked for. */
  request(cause: string): void;
  /** 128 plus the number of the signal, as shells report it; 0 if there was none. */
  exitCode(): number;
  /** Returns the signals to Node's own handling. */
  release(): void;
}

/**
 * The first SIGTERM, SIGINT or SIGHUP asks to stop; a second one of any of them exits at once.
 * @param exitAtOnce called with 128 plus the signal's number
 * @param onHangUp called at SIGHUP instead, unless the terminal has closed; not on Windows, where it says just that
 */
export function watchStopSignals(
  exitAtOnce: (exitCode: number) => void = process.exit,
  onHangUp?: () => void,
): StopSignal {
  const hadTerminal = onHangUp !== undefined && hasTerminal();
  const isReload = (name: NodeJS.Signals): boolean =>
    name === 'SIGHUP' && process.platform !== 'win32' && !(hadTerminal && !hasTerminal());
  const controller = new AbortController();
  let exitCode = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    if (onHangUp !== undefined && isReload(name)) return onHangUp();
    const code = exitCodeOf(name);
    if (controller.signal.aborted) return exitAtOnce(code);
    exitCode = code;
    controller.abort(name);
  };
  for (const name of STOP_SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    request: (cause) => {
      if (controller.signal.aborted) return;
      exitCode = exitCodeOf('SIGTERM');
      controller.abort(cause);
    },
    exitCode: () => exitCode,
    release: () => {
      for (const name of STOP_SIGNALS) process.off(name, onSignal);
    },
  };
}

/**
 * For a process that owns other processes. Signals that would end it without clean-up make it exit at once as well.
 * Signals that would open the inspector or end it without a reason are ignored.
 * @param exitAtOnce called with 128 plus the signal's number
 * @param onReopen called at SIGUSR2 instead, if there is a log to open again
 */
export function watchOtherSignals(exitAtOnce: (exitCode: number) => void, onReopen?: () => void): void {
  const onExit = (name: NodeJS.Signals): void => exitAtOnce(exitCodeOf(name));
  const onIgnored = (name: NodeJS.Signals): void => {
    if (name === REOPEN_SIGNAL && onReopen !== undefined) return onReopen();
    process.stderr.write(`bulkhead: ${name} means nothing here and is ignored.\n`);
  };
  // Other systems do not have all of them.
  for (const name of EXIT_SIGNALS) if (name in constants.signals) process.on(name, onExit);
  for (const name of IGNORED_SIGNALS) if (name in constants.signals) process.on(name, onIgnored);
}

/** Whether the process belongs to a terminal. When that closes, the system takes it away before it sends SIGHUP. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', files.O_RDONLY | files.O_NOCTTY | files.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}

function exitCodeOf(name: NodeJS.Signals): number {
  return 128 + constants.signals[name];
}
