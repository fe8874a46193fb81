/** `bulkhead stdio`: serves one session over stdin and stdout, in a gateway of its own. */
import { once } from 'node:events';
import type { OptionSources } from '../config/option-sources.js';
import { optionWarnings, resolveOptions } from '../config/options.js';
import { chooseServer, forOneSession } from './choose-server.js';
import { exitAtOnce, exitWith } from './exit.js';
import { EXIT_FAILED, EXIT_OK } from './failure.js';
import { lowerPriority, startedInTime } from './serve.js';
import { watchOtherSignals, watchStopSignals } from './signals.js';

export interface StdioRequest {
  readonly sources: OptionSources;
  /** The server of the catalogue, if there are several. */
  readonly server: string | undefined;
  /** Serves HTTP as well. */
  readonly listen: boolean;
}

/**
 * Serves until stdin ends, or a signal arrives: then everything ends that it started. stdout carries the session and
 * nothing else.
 * @param libuvPool the system's ids of the threads of libuv's pool, if they are known
 * @returns the exit code: 1 if the session ended although its client was there
 * @throws {BulkheadError} if the options are wrong or the gateway cannot start
 */
export async function stdio(request: StdioRequest, libuvPool: readonly number[]): Promise<number> {
  const { listen, server } = request;
  const resolved = resolveOptions(request.sources);
  const options = listen ? resolved : forOneSession(resolved, server);
  const { name } = chooseServer(options.catalogue, server);
  for (const warning of optionWarnings(request.sources.environment ?? {}, options)) {
    process.stderr.write(`bulkhead: warning: ${warning}\n`);
  }
  lowerPriority(libuvPool, options.threadNice);
  const stop = watchStopSignals(exitAtOnce);
  watchOtherSignals(exitAtOnce);
  const stopped = once(stop.signal, 'abort');
  const { startGateway } = await import('../gateway.js');
  const started = startGateway(options, { listen });
  const gateway = await Promise.race([started, stopped.then(() => startedInTime(started))]);
  if (gateway === undefined) return stop.exitCode();
  exitWith(gateway);
  try {
    const session = gateway.connect({ input: process.stdin, output: process.stdout }, name);
    if (stop.signal.aborted) return EXIT_OK;
    const end = await Promise.race([session.ended, stopped.then(() => 'signal' as const)]);
    if (end === 'gateway') {
      process.stderr.write('bulkhead: the session has ended; the log says why.\n');
      return EXIT_FAILED;
    }
    // Whoever sends a signal does not wait for answers, and soon sends SIGKILL.
    if (end === 'client') await gateway.close('the client has gone');
    return EXIT_OK;
  } finally {
    await gateway.kill();
  }
}
