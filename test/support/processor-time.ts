/**
 * The processor time of `run` in milliseconds: other processes of the machine do not count, but the other threads of
 * this process do. So it limits what grows without bound, and does not measure speed.
 */
export function processorMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
