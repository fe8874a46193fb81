/** The machine that makes the load: figures of two runs can be compared only if they come from similar ones. */
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import type { MachineReport } from './load-report.js';

export function clientMachine(): MachineReport {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? null,
    memoryBytes: totalmem(),
    node: process.version,
    system: `${type()} ${release()} ${process.arch}`,
  };
}
