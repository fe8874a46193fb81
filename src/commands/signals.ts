import { constants } from 'node:os';

/** SIGHUP: the terminal that it was started from has closed. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** What the first of SIGTERM and SIGINT started. */
export interface StopSignal {
  /** Aborts at the first signal; the reason is the signal's name. */
  readonly signal: AbortSignal;
  /** 128 and the number of the signal that came, as shells count; 0 while none came. */
  exitCode(): number;
  /** Gives the signals back to Node's own handling. */
  release(): void;
}

/** The first SIGTERM or SIGINT asks to stop; a second one of either exits at once with 128 and its number. */
export function watchStopSignals(): StopSignal {
  const controller = new AbortController();
  let exitCode = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    const code = 128 + constants.signals[name];
    if (controller.signal.aborted) process.exit(code);
    exitCode = code;
    controller.abort(name);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    release: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
