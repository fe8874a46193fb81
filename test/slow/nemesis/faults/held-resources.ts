/** Faults of resources that all sessions share: the log's file, the name server, libuv's thread pool. */
import { execFileSync } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallPlan } from '../client-session.js';
import type { Fault, FaultContext } from '../fault.js';

const NAME_SERVER = '127.0.53.53';
const HEADER_BYTES = 12;
/** Of four threads that libuv's pool has by default, and of however many a gateway gives it. */
const HOLDERS = 4;
const HELD_EACH = 4;

function onLinuxAsRoot(what: string): string | undefined {
  if (process.platform !== 'linux') return `${what} is there on Linux only`;
  return process.getuid?.() === 0 ? undefined : `${what} needs root`;
}

let logDescriptor: number | undefined;

function closeLog(): void {
  if (logDescriptor !== undefined) closeSync(logDescriptor);
  logDescriptor = undefined;
}

export const logDisk: Fault = {
  name: 'log-disk',
  what: 'the disk that the log is written to is full (`/dev/full`), while tools log',
  effect: 'log lines are lost; nothing waits for them',
  machine: false,
  temper: { log: 3, exit: 0.2 },
  options: { 'log-level': 'debug' },
  missing: () => (process.platform === 'linux' ? undefined : '/dev/full is there on Linux only'),
  launch() {
    logDescriptor = openSync('/dev/full', 'w');
    return Promise.resolve({ stderr: logDescriptor });
  },
  during: ({ holdMs }) => delay(holdMs),
  release: closeLog,
};

let logReader: Socket | undefined;

export const logPipe: Fault = {
  name: 'log-pipe',
  what: 'the log goes to a pipe that nobody reads, while tools log',
  effect: '4 MiB of log lines wait for a reader; further lines are dropped, and a line says how many',
  machine: false,
  temper: { log: 3, exit: 0.2 },
  options: { 'log-level': 'debug' },
  missing: () => (process.platform === 'win32' ? 'there are no named pipes on Windows' : undefined),
  launch(folder) {
    const path = join(folder, 'log');
    execFileSync('mkfifo', [path]);
    // With both ends in one descriptor it opens at once and stays a pipe without a reader that reads.
    logDescriptor = openSync(path, constants.O_RDWR);
    return Promise.resolve({ stderr: logDescriptor });
  },
  async during({ folder, holdMs }) {
    await delay(holdMs);
    const fd = openSync(join(folder, 'log'), constants.O_RDONLY | constants.O_NONBLOCK);
    logReader = new Socket({ fd, readable: true, writable: false });
    logReader.resume();
  },
  release() {
    logReader?.destroy();
    logReader = undefined;
    closeLog();
  },
};

let nameServer: UdpSocket | undefined;

export const silentNameServer: Fault = {
  name: 'name-server',
  what: 'the name server never answers, and sessions ask it for names',
  effect: 'look-ups that need the name server fail or wait, only in the sessions that make them',
  machine: false,
  missing: () => onLinuxAsRoot('a name server of its own'),
  async launch(folder) {
    nameServer = createSocket('udp4');
    nameServer.bind(53, NAME_SERVER);
    await once(nameServer, 'listening');
    const path = join(folder, 'resolv.conf');
    writeFileSync(path, `nameserver ${NAME_SERVER}\noptions timeout:5 attempts:3\n`);
    // In a mount namespace of the gateway's own; with `exec` there is only one process, with the same id.
    return { within: ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', path] };
  },
  async during(context) {
    const asked = (turn: number): CallPlan => ({
      tool: 'resolve',
      arguments: { host: `host-${turn}.nemesis.test` },
      cancelAfterMs: 1_000,
    });
    const over = AbortSignal.timeout(context.holdMs);
    await withHolders(context, async (call) => {
      for (let turn = 0; !over.aborted; turn += 1) await call(asked(turn));
    });
    nameServer?.on('message', (query, { port, address }) => {
      nameServer?.send(noSuchName(query), port, address);
    });
  },
  release() {
    nameServer?.close();
    nameServer = undefined;
  },
};

/** NXDOMAIN for this query (RFC 1035, 4.1.1), without its additional section. */
function noSuchName(query: Buffer): Buffer {
  const answer = Buffer.from(query);
  answer.writeUInt16BE(0x8183, 2);
  for (const counter of [6, 8, 10]) answer.writeUInt16BE(0, counter);
  let end = HEADER_BYTES;
  while ((answer[end] ?? 0) !== 0) end += (answer[end] ?? 0) + 1;
  return answer.subarray(0, end + 5);
}

export const pool: Fault = {
  name: 'pool',
  what: `${HOLDERS} sessions hold ${HOLDERS * HELD_EACH} threads of libuv's pool: files that never open, and key derivations`,
  effect: 'only the files and key derivations of these sessions wait',
  machine: false,
  missing: () => (process.platform === 'win32' ? 'there are no named pipes on Windows' : undefined),
  async during(context) {
    const path = join(context.folder, 'never');
    execFileSync('mkfifo', [path]);
    let writer: number | undefined;
    const opened = delay(context.holdMs).then(() => {
      writer = openSync(path, constants.O_RDWR);
    });
    await Promise.all([
      opened,
      withHolders(context, (call) =>
        Promise.all([
          ...Array.from({ length: HELD_EACH }, () => call({ tool: 'open_fifo', arguments: { path } })),
          call({ tool: 'derive_keys' }),
        ]),
      ),
    ]);
    if (writer !== undefined) closeSync(writer);
  },
};

/** Sessions that do this beside the workload, each in a separate session. */
async function withHolders(
  { workload }: FaultContext,
  work: (call: (plan: CallPlan) => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  const holders = Array.from({ length: HOLDERS }, async () => {
    const session = workload.extraSession();
    if (await session.open(false)) await work((plan) => session.call(plan));
    await session.leave('delete');
    workload.histories.push(session.history());
  });
  await Promise.all(holders);
}
