/** The end of npx, which passes a signal on to the shell that it starts the command with, and no further. */

const LOOK_INTERVAL_MS = 1_000;
/** What npx runs is this command alone: `npx -c 'bulkhead serve &'` wants it to stay. */
const THIS_COMMAND = /^["']?bulkhead\b[^&;|]*$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** npm tells it to what it starts; whatever that starts inherits it. */
export function isStartedByNpx({
  npm_lifecycle_event: event,
  npm_lifecycle_script: script,
}: Environment): boolean {
  return event === 'npx' && THIS_COMMAND.test(script ?? '');
}

/** Calls back once when npx, where it is what started this process, has ended. Watches for as long as the process runs. */
export function watchLauncher(onEnd: () => void): void {
  if (!isStartedByNpx(process.env)) return;
  const launcher = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(timer);
    onEnd();
  }, LOOK_INTERVAL_MS).unref();
}
