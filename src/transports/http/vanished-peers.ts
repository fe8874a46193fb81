/**
 * Finds connections whose peers vanished: a closed laptop, a pulled cable. TCP keep-alive finds those on which nothing
 * is sent. If something is sent, such as a comment on a stream, the kernel retransmits it for a quarter of an hour
 * before it gives up, and Node cannot set a shorter time (TCP_USER_TIMEOUT). So this reads the kernel's table of
 * connections and closes those that have been retransmitting without an acknowledgement for a minute. Only on Linux;
 * elsewhere the system's own limit applies.
 */
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';
import { Lateness } from '../../shared/deadline.js';
import type { Connections } from './connections.js';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const LOOK_MS = 15_000;
const UNANSWERED_MS = 60_000;
const READ_BYTES = 64 * 1024;

export interface VanishedPeersOptions {
  readonly connections: readonly Connections[];
  readonly lookMs?: number;
  /** A peer that has acknowledged nothing for this long, however often something was sent, is gone. */
  readonly unansweredMs?: number;
}

/** A connection on which the kernel has retransmitted something. */
interface Retransmitting {
  readonly localPort: number;
  readonly remotePort: number;
  /** In the form that Node uses. */
  readonly remoteAddress: string;
}

export class VanishedPeers {
  readonly #connections: readonly Connections[];
  readonly #lookMs: number;
  readonly #unansweredMs: number;
  readonly #timer: NodeJS.Timeout | undefined;
  /** When each connection was first seen to be unacknowledged. */
  #unansweredSinceMs = new Map<Socket, number>();
  readonly #lateness: Lateness;
  #looking = false;

  constructor({ connections, lookMs = LOOK_MS, unansweredMs = UNANSWERED_MS }: VanishedPeersOptions) {
    this.#connections = connections;
    this.#lookMs = lookMs;
    this.#lateness = new Lateness(lookMs);
    this.#unansweredMs = unansweredMs;
    if (process.platform === 'linux') this.#timer = setInterval(() => void this.#look(), lookMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Runs off the main thread as far as possible: with tens of thousands of connections a table has megabytes. */
  async #look(): Promise<void> {
    // If two checks are too far apart, what both find need not have lasted from one to the other.
    if (this.#lateness.look(performance.now()) > 0) this.#unansweredSinceMs.clear();
    if (this.#looking || this.#connections.every(({ count }) => count === 0)) return;
    this.#looking = true;
    try {
      const found: Retransmitting[] = [];
      for (const table of TABLES) found.push(...(await readTable(table)));
      this.#judge(found);
    } finally {
      this.#looking = false;
    }
  }

  #judge(found: readonly Retransmitting[]): void {
    const nowMs = performance.now();
    const before = this.#unansweredSinceMs;
    this.#unansweredSinceMs = new Map();
    if (found.length === 0) return;
    const keys = new Set(found.map(keyOf));
    // A check may run a little early or late: the one nearest to the deadline counts.
    const patienceMs = this.#unansweredMs - this.#lookMs / 2;
    for (const connections of this.#connections) {
      for (const socket of connections.sockets()) {
        const { localPort, remotePort, remoteAddress } = socket;
        if (localPort === undefined || remotePort === undefined || remoteAddress === undefined) continue;
        if (!keys.has(keyOf({ localPort, remotePort, remoteAddress }))) continue;
        const sinceMs = before.get(socket) ?? nowMs;
        if (nowMs - sinceMs >= patienceMs) connections.drop(socket, 'vanished');
        else this.#unansweredSinceMs.set(socket, sinceMs);
      }
    }
  }
}

async function readTable(path: string): Promise<Retransmitting[]> {
  const found: Retransmitting[] = [];
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path);
  } catch {
    // Without /proc, without IPv6, or without a free descriptor, the kernel's own limit still applies.
    return found;
  }
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let rest = '';
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, null);
      if (bytesRead === 0) return found;
      const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const retransmitting = retransmittingIn(line);
        if (retransmitting !== undefined) found.push(retransmitting);
      }
    }
  } finally {
    await file.close();
  }
}

/**
 * Reads a line of /proc/net/tcp or tcp6. It returns the connection if its retransmission timer runs and has already
 * expired before (proc_pid_net(5); Linux, Documentation/networking/proc_net_tcp.rst), or `undefined` for any other
 * line.
 */
export function retransmittingIn(line: string): Retransmitting | undefined {
  // Nearly all lines end here: `01` is the retransmission timer.
  if (!line.includes(' 01:')) return undefined;
  const [, local = '', remote = '', , , timer = '', retransmits = ''] = line.trim().split(/ +/);
  if (!timer.startsWith('01:') || Number.parseInt(retransmits, 16) === 0) return undefined;
  const [, localPort = ''] = local.split(':');
  const [address = '', remotePort = ''] = remote.split(':');
  return {
    localPort: Number.parseInt(localPort, 16),
    remotePort: Number.parseInt(remotePort, 16),
    remoteAddress: addressOf(address),
  };
}

/** The kernel prints an address as 32-bit numbers in the byte order of the machine. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(2 * group).toString(16));
  if (groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff') {
    return `::ffff:${bytes.subarray(12).join('.')}`;
  }
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function keyOf({ localPort, remotePort, remoteAddress }: Retransmitting): string {
  return `${localPort} ${remotePort} ${remoteAddress}`;
}
