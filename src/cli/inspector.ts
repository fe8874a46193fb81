/** `--inspect` and `--inspect-brk`: opens Node's inspector for the process, and so for the threads of its sessions. */

import { optionError } from '../config/option-error.js';
import { asHostHeader, isLoopback } from '../config/option-kinds.js';
import { BulkheadError } from '../shared/errors.js';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 9229;
const ADDRESS = /^(?:(?<host>\[[\da-f:.]+\]|[^:[\]]+):)?(?<port>\d{1,5})$/i;

export interface InspectFlags {
  /** `[host:]port`, or '' without an address. */
  readonly inspect?: string | undefined;
  readonly inspectBrk?: string | undefined;
}

/**
 * Opens the inspector if one of the flags is given. Node itself prints its address. With `--inspect-brk`, returns when a
 * debugger is attached and lets the process run: no module has been loaded by then.
 * @throws {BulkheadError} if the address is wrong, or cannot be listened on
 */
export async function openInspector({ inspect, inspectBrk }: InspectFlags): Promise<void> {
  const flag = inspectBrk === undefined ? '--inspect' : '--inspect-brk';
  const written = inspectBrk ?? inspect;
  if (written === undefined) return;
  const { host, port } = parsed(flag, written);
  if (!process.features.inspector) throw optionError(`${flag} is not supported by this build of Node.`);
  const inspector = await import('node:inspector');
  if (!isLoopback(asHostHeader(host))) {
    process.stderr.write(
      `bulkhead: warning: ${flag} listens on ${host}. Whoever reaches it can run any code as this user: it has no password.\n`,
    );
  }
  inspector.open(port, host);
  if (inspector.url() === undefined) {
    throw new BulkheadError(
      'ERR_BULKHEAD_LISTEN',
      `${flag} cannot listen on ${host}:${port}: see the line above. Give it another port: ${flag}=0 takes any.`,
    );
  }
  if (inspectBrk !== undefined) inspector.waitForDebugger();
}

function parsed(flag: string, written: string): { readonly host: string; readonly port: number } {
  if (written === '') return { host: DEFAULT_HOST, port: DEFAULT_PORT };
  const { host = DEFAULT_HOST, port } = ADDRESS.exec(written)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535) {
    throw optionError(
      `${flag} is ${JSON.stringify(written)}, but must be a port or an address and a port, such as ${flag}=9230 or ${flag}=127.0.0.1:9230.`,
    );
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
