/**
 * Notices when npx or npm ends. They pass a signal on to the shell in which they started the command, but no further, and
 * most shells end without it.
 */

const LOOK_INTERVAL_MS = 1_000;
/** Only if the shell runs this command alone: with `npx -c 'bulkhead serve &'` the user wants it to stay. */
const THIS_COMMAND = /^["']?bulkhead\b[^&;|]*$/;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * npm sets these variables for what it starts, and everything below inherits them.
 * @returns what started this command, for a sentence
 */
export function launcherIn({
  npm_lifecycle_event: event,
  npm_lifecycle_script: script,
}: Environment): string | undefined {
  if (event === undefined || !THIS_COMMAND.test(script ?? '')) return undefined;
  return event === 'npx' ? 'npx' : `npm run ${event}`;
}

/**
 * Calls back once when the npx or npm that has started this process has ended. Checks as long as the process runs.
 * @param onEnd called with what has ended, for a sentence
 */
export function watchLauncher(onEnd: (launcher: string) => void): void {
  const launcher = launcherIn(process.env);
  if (launcher === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onEnd(launcher);
  }, LOOK_INTERVAL_MS).unref();
}
