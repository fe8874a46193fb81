/** Says from where a module has called `process.exit`, which ends its thread or process. */
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import { stackOf } from './error-stack.js';

/** Undocumented, but patched by so many packages that Node keeps it. */
type InnerProcess = NodeJS.Process & { reallyExit: (code?: number) => never };

export function reportExit(post: (frame: FromWorkerFrame) => void): void {
  const inner = process as InnerProcess;
  let crashed = false;
  // After an exception that nobody handles, Node itself exits in the same way, and has said why.
  process.on('uncaughtExceptionMonitor', () => {
    crashed =
      process.listenerCount('uncaughtException') === 0 && !process.hasUncaughtExceptionCaptureCallback();
  });
  const reallyExit = inner.reallyExit.bind(process);
  inner.reallyExit = (code = 0) => {
    if (crashed) return reallyExit(code);
    const message = `process.exit(${code}) was called in it`;
    const stack = stackOf(new Error(message));
    post({ type: 'exited', cause: 'exit', message, ...(stack !== undefined && { stack }) });
    return reallyExit(code);
  };
}
