/** Notices when npx ends. npx passes a signal on to the shell in which it starts the command, but no further. */

const LOOK_INTERVAL_MS = 1_000;
/** Only if npx runs this command alone: with `npx -c 'bulkhead serve &'` the user wants it to stay. */
const THIS_COMMAND = /^["']?bulkhead\b[^&;|]*$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** npm sets this variable for what it starts, and everything below inherits it. */
export function isStartedByNpx({
  npm_lifecycle_event: event,
  npm_lifecycle_script: script,
}: Environment): boolean {
  return event === 'npx' && THIS_COMMAND.test(script ?? '');
}

/** Calls back once when npx has ended, if npx has started this process. Checks as long as the process runs. */
export function watchLauncher(onEnd: () => void): void {
  if (!isStartedByNpx(process.env)) return;
  const launcher = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(timer);
    onEnd();
  }, LOOK_INTERVAL_MS).unref();
}
