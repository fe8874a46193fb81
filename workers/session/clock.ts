/**
 * The time of a session thread: milliseconds of a clock that never goes back. `performance` would load nine parts of
 * Node at each thread's start, and a module may have replaced it.
 */
const { uptime } = process;

export function clockMs(): number {
  return uptime() * 1000;
}
