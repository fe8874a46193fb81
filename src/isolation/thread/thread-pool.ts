/** A pool whose workers are session threads. */
import type { GatewayEmitter } from '../../telemetry/events.js';
import { WorkerPool, type WorkerPoolOptions } from '../pool.js';
import type { PortWorker } from '../port/port-worker.js';
import type { WorkerBudget } from '../worker-budget.js';
import {
  type ModuleWork,
  type ThreadLimits,
  ThreadStarter,
  type ThreadStarterOptions,
} from './thread-starter.js';

export type ThreadPoolOptions = WorkerPoolOptions & ThreadStarterOptions;
export type ModulePoolOptions = WorkerPoolOptions & ThreadLimits & ModuleWork;
export type ThreadPool = WorkerPool<PortWorker>;

export function createThreadPool(
  options: ThreadPoolOptions,
  budget: WorkerBudget,
  events: GatewayEmitter,
  nextId?: () => number,
): ThreadPool {
  return new WorkerPool(options, budget, new ThreadStarter(options, events), events, nextId);
}
