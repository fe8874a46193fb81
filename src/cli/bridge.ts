/** `bulkhead bridge`: connects a client that speaks stdio to an MCP server over Streamable HTTP. */
import type { Bridge } from '../bridge/bridge.js';
import { optionError } from '../config/option-error.js';
import { httpUrl } from '../config/option-kinds.js';
import { EXIT_OK } from './failure.js';
import { safeLine } from './output/safe-text.js';
import { type GivenHeaders, requestHeaders } from './request-headers.js';
import { watchStopSignals } from './signals.js';

/** The arguments and flags of `bulkhead bridge`, as text. */
export interface BridgeRequest extends GivenHeaders {
  readonly url: string;
}

/**
 * Relays until the client closes its end, or a signal comes.
 * @returns the exit code: 0
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for wrong arguments
 */
export async function bridge(request: BridgeRequest): Promise<number> {
  const url = httpUrl.schema.safeParse(request.url);
  if (!url.success) {
    throw optionError(`<url> is ${JSON.stringify(request.url)}, but must be ${httpUrl.expected}.`);
  }
  const headers = requestHeaders(request);
  let running: Bridge | undefined;
  // A second signal changes nothing: the end takes no longer than it has to.
  const stop = watchStopSignals(() => {});
  stop.signal.addEventListener('abort', () => running?.stop());
  const { Bridge } = await import('../bridge/bridge.js');
  running = new Bridge({
    url: url.data,
    headers,
    input: process.stdin,
    output: process.stdout,
    warn: (message) => void process.stderr.write(`bulkhead bridge: ${safeLine(message)}\n`),
  });
  if (stop.signal.aborted) running.stop();
  await running.run();
  stop.release();
  return EXIT_OK;
}
