/** Faults that clients and their tools cause. The gateway must contain each of them in its session. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, FaultContext } from '../fault.js';

const hold = ({ holdMs }: FaultContext): Promise<void> => delay(holdMs);

export const calm: Fault = {
  name: 'calm',
  what: 'none, for comparison',
  effect: 'every call is answered',
  machine: false,
  during: hold,
};

export const crash: Fault = {
  name: 'crash',
  what: 'tools throw errors that nobody catches, or call `process.exit`',
  effect:
    "the session's calls in flight get an error that says why; it keeps its state, its next call gets a fresh thread, and more than three deaths in a minute end it",
  machine: false,
  temper: { exit: 0.6, throw: 0.6 },
  during: hold,
};

export const spin: Fault = {
  name: 'spin',
  what: 'tools spin and are cancelled, or ignore their cancellation',
  effect:
    'a cancelled call is answered with an error at once; its thread is killed after `cancel-grace`, and other calls that ran in it get an error',
  machine: false,
  temper: { spin: 0.6, stubborn: 0.6 },
  during: hold,
};

export const cancel: Fault = {
  name: 'cancel',
  what: 'two calls in five are cancelled, at any moment; others lose their connection',
  effect: 'a cancelled call gets an error at once, or the answer that was on its way, and nothing after that',
  machine: false,
  temper: { cancel: 60, leave: 5 },
  during: hold,
};

export const sleep: Fault = {
  name: 'sleep',
  what: 'sessions fall asleep between any two calls, and share fewer threads than there are sessions',
  effect: 'only that a call takes longer: it wakes the session, and waits for a thread if all are in use',
  machine: false,
  options: { 'sleep-after': '50ms', 'max-threads': '12' },
  pauseMs: 3_000,
  share: 0.1,
  during: hold,
};

export const memory: Fault = {
  name: 'memory',
  what: "tools fill their thread's heap or take Buffers, until its limit ends the thread",
  effect: "the thread is ended, and the session's calls in flight get an error that says so",
  machine: false,
  temper: { fill_heap: 0.15, fill_buffers: 0.15 },
  options: { 'thread-heap-mb': '64', 'thread-memory-mb': '128' },
  during: hold,
};

export const cut: Fault = {
  name: 'cut',
  what: 'one chunk in fifty that the server sends arrives only in part, and then its connection is cut',
  effect:
    'if the client holds an event id, the call continues and the client resumes its stream; otherwise the call ends with its connection',
  machine: false,
  temper: { progress: 60, tell: 20 },
  share: 0.5,
  async during({ proxy, holdMs }) {
    proxy.cutPieces(0.02);
    await delay(holdMs);
    proxy.cutPieces(0);
  },
};

export const everything: Fault = {
  name: 'everything',
  what: 'crash, spin, cancel, sleep, memory and cut together',
  effect: 'all of the above',
  machine: false,
  temper: {
    exit: 0.2,
    throw: 0.2,
    spin: 0.2,
    stubborn: 0.2,
    cancel: 15,
    leave: 2,
    fill_heap: 0.05,
    fill_buffers: 0.05,
    progress: 20,
  },
  options: { 'sleep-after': '200ms', 'thread-heap-mb': '64', 'thread-memory-mb': '128' },
  pauseMs: 300,
  share: 0.5,
  async during({ proxy, holdMs }) {
    proxy.cutPieces(0.005);
    await delay(holdMs);
    proxy.cutPieces(0);
  },
};
