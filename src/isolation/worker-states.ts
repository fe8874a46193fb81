/**
 * The states of a worker of any kind, and the one table of moves between them.
 *
 * - `starting`: the server module is being loaded.
 * - `spare`: it waits for a session.
 * - `claimed`: it belongs to a session.
 * - `falling_asleep`: its session has no work; the module may save its state, and the worker may refuse.
 * - `ending`: its session ends.
 * - `terminating`: it has been told to end.
 * - `stuck`: it has been told to end, but a native call blocks it; its session has let go of it.
 * - `gone`.
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

/** A worker may die in any state, so `gone` follows all of them. */
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
 * The only way from one state to the next.
 * @returns `to`
 * @throws {Error} if the table has no such move, which is a fault of the gateway
 */
export function moved(from: WorkerState, to: WorkerState): WorkerState {
  if (!MOVES[from].includes(to)) throw new Error(`a worker cannot become ${to} when it is ${from}`);
  return to;
}

/** Whether it no longer serves anybody. */
export function isDoomed(state: WorkerState): boolean {
  return state === 'terminating' || state === 'stuck' || state === 'gone';
}

/**
 * The state in the snapshot and the metrics, which do not distinguish how a worker ends; `undefined` when it is gone.
 */
export function shownState(state: WorkerState): ThreadState | undefined {
  if (state === 'gone') return undefined;
  return state === 'falling_asleep' ? 'ending' : state;
}
