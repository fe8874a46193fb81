/** The interface of a fault. */
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

/** How the gateway is started, if a fault must exist from the start. */
interface Launch {
  readonly stderr?: number;
  readonly within?: readonly string[];
}

export interface Fault {
  readonly name: string;
  /** For `docs/reliability.md`: the fault, and what clients see of it. */
  readonly what: string;
  readonly effect: string;
  /** Whether it takes away what the gateway cannot do without, so that no bystander can be served meanwhile. */
  readonly machine: boolean;
  /** What the workload's own clients do besides well-behaved calls. */
  readonly temper?: Temper;
  /** Options of the gateway. */
  readonly options?: Readonly<Record<string, string>>;
  /** See `WorkloadPlan.pauseMs`. */
  readonly pauseMs?: number;
  /** Its part of the calls of an average fault: for some faults, fewer calls are possible. */
  readonly share?: number;
  /** Why the fault is not possible on this machine. */
  missing?(): string | undefined;
  launch?(folder: string): Promise<Launch>;
  /** Begins the fault, keeps it, and ends it. When this resolves, what was taken away is back. */
  during(context: FaultContext): Promise<void>;
  /** After the gateway has ended. */
  release?(): void | Promise<void>;
}
