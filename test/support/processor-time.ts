/**
 * The time that a processor spends on what is run, in milliseconds: what else runs on the machine does not count.
 * The other threads of this process do, so it bounds what grows without measure, and measures no speed.
 */
export function processorMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
