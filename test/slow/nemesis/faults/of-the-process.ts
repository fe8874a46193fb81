/** Faults of the machine that affect the gateway's whole process. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Cgroup, createCgroup } from '../../../support/cgroup.js';
import type { Fault } from '../fault.js';

const RESTARTS = 3;
const DOWN_MS = 1_000;
const STOPPED_MS = 4_000;

/** Like a sleeping laptop, a paused container, or a machine that swaps. */
export const stopped: Fault = {
  name: 'stop',
  what: 'the process is stopped (SIGSTOP) for 4 s',
  effect:
    'nothing is served meanwhile; afterwards every call is answered, and those that were cancelled meanwhile get an error',
  machine: true,
  temper: { progress: 40, cancel: 5 },
  async during({ gateway, holdMs }) {
    await delay(holdMs / 4);
    gateway.signal('SIGSTOP');
    await delay(STOPPED_MS);
    gateway.signal('SIGCONT');
  },
};

export const proxyRestart: Fault = {
  name: 'proxy-restart',
  what: 'three times, the proxy in front cuts all connections and is down for 1 s',
  effect: 'the same as for `cut`; sessions and calls in flight stay',
  machine: false,
  temper: { progress: 30, tell: 10 },
  async during({ proxy, holdMs }) {
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      await delay(holdMs / (RESTARTS + 1));
      await proxy.stop();
      await delay(DOWN_MS);
      await proxy.start();
    }
  },
};

let group: Cgroup | undefined;

export const pids: Fault = {
  name: 'pids',
  what: "no thread and no process can be started: the container's pids limit is reached",
  effect:
    'sessions with a thread are served; a session that needs one gets an error that names the limit; threads are started again when there is room',
  machine: true,
  temper: { exit: 0.3, child: 3 },
  missing() {
    group = createCgroup('pids');
    return group === undefined ? 'no cgroup with a pids limit can be made' : undefined;
  },
  async during({ gateway, holdMs }) {
    // Sessions have begun by then, and some have threads.
    await delay(holdMs / 4);
    group?.add(gateway.pid);
    group?.write('pids.max', String(Number(group.read('pids.current')) + 1));
    await delay(holdMs);
    group?.write('pids.max', 'max');
  },
};

export const descriptors: Fault = {
  name: 'descriptors',
  what: 'a session opens files until no descriptor is left',
  effect:
    'new connections wait or are closed, files cannot be opened and names not looked up; `/healthz` is answered; everything works again with the first free descriptor',
  machine: true,
  missing: () => (process.platform === 'linux' ? undefined : 'prlimit is there on Linux only'),
  async during({ gateway, workload, holdMs }) {
    await delay(holdMs / 4);
    const before = softLimit(gateway.pid);
    const open = readdirSync(`/proc/${gateway.pid}/fd`).length;
    setSoftLimit(gateway.pid, String(open + 24));
    const hoarder = workload.extraSession();
    if (await hoarder.open(false)) await hoarder.call({ tool: 'hoard_descriptors' });
    await delay(holdMs);
    setSoftLimit(gateway.pid, before);
    await hoarder.leave('delete');
    workload.histories.push(hoarder.history());
  },
};

function softLimit(pid: number): string {
  const [, soft] =
    /^Max open files +(\d+|unlimited)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
  if (soft === undefined) throw new Error(`/proc/${pid}/limits names no limit of open files.`);
  return soft;
}

/** The hard limit stays, so that the soft one can be raised again. */
function setSoftLimit(pid: number, limit: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}
