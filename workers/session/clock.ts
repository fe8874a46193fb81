/**
 * The time of a session thread: milliseconds of a clock that only goes forward. `performance` would load nine parts of Node in
 * each thread's start, and a module may have replaced it.
 */
const { uptime } = process;

export function clockMs(): number {
  return uptime() * 1000;
}
