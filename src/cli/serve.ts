/** `bulkhead serve`: runs a gateway until a signal arrives. */
import { once } from 'node:events';
import { constants, getPriority, setPriority } from 'node:os';
import type { OptionSources } from '../config/option-sources.js';
import { optionWarnings, resolveOptions } from '../config/options.js';
import type { Gateway } from '../gateway.js';
import { StopDeadline } from '../shared/stop-deadline.js';
import { exitAtOnce, exitWith } from './exit.js';
import { EXIT_OK } from './failure.js';
import { watchLauncher } from './launcher.js';
import { announcement } from './output/announcement.js';
import { watchOtherSignals, watchStopSignals } from './signals.js';

/** How long a start may still take after a signal that asks to stop. */
const START_DEADLINE_MS = 4_000;

/**
 * Starts a gateway, prints its addresses, reloads its servers at SIGHUP, and drains it at the first SIGTERM or SIGINT, or
 * when the npx, npm or terminal that started it has ended.
 * @param libuvPool the system's ids of the threads of libuv's pool, if they are known
 * @returns the exit code
 * @throws {BulkheadError} if the options are wrong or the gateway cannot start
 */
export async function serve(sources: OptionSources, libuvPool: readonly number[] = []): Promise<number> {
  const options = resolveOptions(sources);
  for (const warning of optionWarnings(sources.environment ?? {}, options)) {
    process.stderr.write(`bulkhead: warning: ${warning}\n`);
  }
  lowerPriority(libuvPool, options.threadNice);
  let running: Gateway | undefined;
  const stop = watchStopSignals(exitAtOnce, () => void reload(running));
  const reopen = (): void => running?.reopenAuditLog();
  watchOtherSignals(exitAtOnce, options.auditLog === undefined ? undefined : reopen);
  watchLauncher((launcher) => stop.request(`${launcher}, which started the gateway, has ended`));
  const stopped = once(stop.signal, 'abort');
  const { startGateway } = await import('../gateway.js');
  const started = startGateway(options);
  const gateway = await Promise.race([started, stopped.then(() => startedInTime(started))]);
  // Its server module blocks the start.
  if (gateway === undefined) return stop.exitCode();
  exitWith(gateway);
  running = gateway;
  process.stdout.write(announcement(gateway, options));
  if (!stop.signal.aborted) await stopped;
  await gateway.close(String(stop.signal.reason));
  return EXIT_OK;
}

/** A gateway that is still being started is reading everything anyway. */
async function reload(gateway: Gateway | undefined): Promise<void> {
  try {
    await gateway?.reload(undefined, { cause: 'signal' });
  } catch {
    // The log says why for each server, and the earlier versions go on.
  }
}

/** As session threads do: jobs in libuv's pool are work of tools, and may occupy a processor for seconds. */
export function lowerPriority(threads: readonly number[], by: number): void {
  try {
    const priority = Math.min(constants.priority.PRIORITY_LOW, getPriority() + by);
    for (const thread of threads) setPriority(thread, priority);
  } catch {
    // A container may forbid it. The pool still works, and session threads report in the log that their own priority is
    // unchanged.
  }
}

/** A start that is asked to stop is completed first, so that there is something to stop. */
export async function startedInTime<Started>(started: Promise<Started>): Promise<Started | undefined> {
  const inTime = await new StopDeadline(START_DEADLINE_MS).within(started);
  return inTime ? started : undefined;
}
