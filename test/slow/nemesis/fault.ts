/** What a fault is to the suite. */
import type { SeededRandom } from '../../fixtures/isolation/random.js';
import type { CuttingProxy } from './cutting-proxy.js';
import type { GatewayProcess } from './gateway-process.js';
import type { Temper, Workload } from './workload.js';

export interface FaultContext {
  readonly gateway: GatewayProcess;
  /** The workload's clients connect through it; the bystander does not. */
  readonly proxy: CuttingProxy;
  readonly workload: Workload;
  readonly random: SeededRandom;
  /** A folder of this run's own. */
  readonly folder: string;
  /** How long the fault is to last, milliseconds. */
  readonly holdMs: number;
}

/** What the gateway is started with, where a fault has to be there from the start. */
interface Launch {
  readonly stderr?: number;
  readonly within?: readonly string[];
}

export interface Fault {
  readonly name: string;
  /** For `docs/reliability.md`: the fault, and what clients see of it. */
  readonly what: string;
  readonly effect: string;
  /** It takes from the gateway what it can't do without: no bystander can be served while it lasts. */
  readonly machine: boolean;
  /** What the workload's own clients do beside calling well. */
  readonly temper?: Temper;
  /** Options of the gateway. */
  readonly options?: Readonly<Record<string, string>>;
  /** See `WorkloadPlan.pauseMs`. */
  readonly pauseMs?: number;
  /** Its part of the calls of an average fault: some can't be had as often. */
  readonly share?: number;
  /** Why it can't be had on this machine. */
  missing?(): string | undefined;
  launch?(folder: string): Promise<Launch>;
  /** Begins the fault, holds it, and ends it: when this resolves, what was taken is back. */
  during(context: FaultContext): Promise<void>;
  /** After the gateway has ended. */
  release?(): void | Promise<void>;
}
