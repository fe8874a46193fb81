/**
 * The states of a worker, whatever it is, and the one table of the moves between them.
 *
 * `starting`: the server module is being loaded; `spare`: it waits for a session; `claimed`: it is a session's;
 * `falling_asleep`: its session has no work for it, and the module may tidy up, or refuse; `ending`: its session ends;
 * `terminating`: it has been told to die; `stuck`: it was, and a native call holds it: its session has let go of it; `gone`.
 */
import type { ThreadState } from '../telemetry/snapshot.js';

export const WORKER_STATES = [
  'starting',
  'spare',
  'claimed',
  'falling_asleep',
  'ending',
  'terminating',
  'stuck',
  'gone',
] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** A worker may die by itself in each state: `gone` follows all of them. */
const MOVES: Readonly<Record<WorkerState, readonly WorkerState[]>> = {
  starting: ['spare', 'terminating', 'gone'],
  spare: ['claimed', 'terminating', 'gone'],
  claimed: ['falling_asleep', 'ending', 'terminating', 'gone'],
  falling_asleep: ['claimed', 'ending', 'terminating', 'gone'],
  ending: ['terminating', 'gone'],
  terminating: ['stuck', 'gone'],
  stuck: ['gone'],
  gone: [],
};

/**
 * The one way from a state to the next.
 * @returns `to`
 * @throws {Error} where the table has no such move, which is a fault of the gateway
 */
export function moved(from: WorkerState, to: WorkerState): WorkerState {
  if (!MOVES[from].includes(to)) throw new Error(`a worker cannot become ${to} when it is ${from}`);
  return to;
}

/** Whether it serves nobody any more, whatever it is told. */
export function isDoomed(state: WorkerState): boolean {
  return state === 'terminating' || state === 'stuck' || state === 'gone';
}

/** What the snapshot and the metrics call it, which tell nothing of how it ends; `undefined` when it is gone. */
export function shownState(state: WorkerState): ThreadState | undefined {
  if (state === 'gone') return undefined;
  return state === 'falling_asleep' ? 'ending' : state;
}
