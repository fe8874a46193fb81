import { expect } from 'chai';
import { KeptChildProcess } from '../../workers/session/children/child-process.js';

const LIMITS = { signal: undefined, timeoutMs: 0, killSignal: 'SIGTERM' } as const;
const MISSING = { name: 'Error', code: 'ENOENT', message: 'spawn no-such-program ENOENT' };

describe('A child process of session.spawn', () => {
  function spawned(): KeptChildProcess {
    return new KeptChildProcess(
      1,
      'no-such-program',
      () => {},
      LIMITS,
      () => {},
    );
  }

  /** What the thread would die of. */
  async function thrown(cause: () => void): Promise<Error> {
    // The streams emit their errors in a later turn, where nothing else could catch them.
    const uncaught = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    try {
      return await new Promise<Error>((resolve) => {
        process.once('uncaughtException', resolve);
        process.nextTick(cause);
      });
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of uncaught) process.on('uncaughtException', listener);
    }
  }

  it('that cannot be started has an error like that of node:child_process', async () => {
    const child = spawned();
    const error = new Promise<Error>((resolve) => child.on('error', resolve));
    child.receive({ type: 'failed', child: 1, error: MISSING, exitCode: -2 });
    expect(await error).to.include({ message: MISSING.message, code: 'ENOENT', errno: -2 });
  });

  it('ends its thread with the program and the line that spawned it, where nobody listens for that error', async () => {
    const child = spawned();
    const error = await thrown(() =>
      child.receive({ type: 'failed', child: 1, error: MISSING, exitCode: -2 }),
    );
    expect(error).to.include({ code: 'ENOENT' });
    expect(error.message).to.equal(
      'spawn no-such-program ENOENT (session.spawn of "no-such-program": nothing listens for "error" of the child process)',
    );
    expect(error.stack).to.match(
      /^Error: spawn no-such-program ENOENT .*\n\s+at spawned \(.*child-processes/,
    );
  });

  it('does the same for what is written to a program that does not read', async () => {
    const child = spawned();
    const error = await thrown(() =>
      child.receive({
        type: 'stdin-failed',
        child: 1,
        error: { ...MISSING, code: 'EPIPE', message: 'write EPIPE' },
      }),
    );
    expect(error.message).to.equal(
      'write EPIPE (session.spawn of "no-such-program": nothing listens for "error" of its stdin)',
    );
  });
});
