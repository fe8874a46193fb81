/** What each signal does to a command. docs/operations.md has the table. */
import { constants } from 'node:os';

/** Ask to stop. SIGHUP: the terminal that it was started from has closed. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Would end the process as it is, its child processes left behind. Those that Node or V8 needs for itself are not here. */
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

/** SIGUSR1 would open Node's inspector, and with it the process, to every user of the machine. */
const IGNORED_SIGNALS = ['SIGUSR1', 'SIGUSR2'] as const;

/** What the first signal that asks to stop started. */
export interface StopSignal {
  /** Aborts at the first signal; the reason is the signal's name, or the cause that `request` was given. */
  readonly signal: AbortSignal;
  /** Asks to stop as SIGTERM does, unless something has before. */
  request(cause: string): void;
  /** 128 and the number of the signal that came, as shells count; 0 while none came. */
  exitCode(): number;
  /** Gives the signals back to Node's own handling. */
  release(): void;
}

/**
 * The first SIGTERM, SIGINT or SIGHUP asks to stop; a second one of any exits at once.
 * @param exitAtOnce called with 128 and the signal's number.
 */
export function watchStopSignals(exitAtOnce: (exitCode: number) => void = process.exit): StopSignal {
  const controller = new AbortController();
  let exitCode = 0;
  const onSignal = (name: NodeJS.Signals): void => {
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
 * For a process that owns others: signals that would end it without a word exit at once as well, and those that would open
 * the inspector or end it, and mean nothing, do nothing.
 * @param exitAtOnce called with 128 and the signal's number.
 */
export function watchOtherSignals(exitAtOnce: (exitCode: number) => void): void {
  const onExit = (name: NodeJS.Signals): void => exitAtOnce(exitCodeOf(name));
  const onIgnored = (name: NodeJS.Signals): void => {
    process.stderr.write(`bulkhead: ${name} means nothing here and is ignored.\n`);
  };
  // Other systems lack some.
  for (const name of EXIT_SIGNALS) if (name in constants.signals) process.on(name, onExit);
  for (const name of IGNORED_SIGNALS) if (name in constants.signals) process.on(name, onIgnored);
}

function exitCodeOf(name: NodeJS.Signals): number {
  return 128 + constants.signals[name];
}
