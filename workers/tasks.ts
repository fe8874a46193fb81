/**
 * The tasks of a session (2025-11-25, Tasks): a thread must not go while one runs, or while a client may still come for
 * a result that only this thread has.
 */
import type { TaskStore } from '@modelcontextprotocol/sdk/experimental/tasks/interfaces.js';
import type { ServerOptions } from '@modelcontextprotocol/sdk/server/index.js';
import type { Task } from '@modelcontextprotocol/sdk/types.js';

export class Tasks {
  readonly #store: TaskStore | undefined;
  /** By task id: when its time to live is over, in milliseconds since the epoch. */
  readonly #open = new Map<string, number>();

  /** @param store the module's own; without one there are no tasks. */
  constructor(store: TaskStore | undefined) {
    this.#store = store;
  }

  /** Whether a task runs, or has a result that was not fetched and has not expired. */
  get open(): boolean {
    const now = Date.now();
    for (const [taskId, expiresMs] of this.#open) if (expiresMs <= now) this.#open.delete(taskId);
    return this.#open.size > 0;
  }

  /** The options with a store that takes note of its tasks. */
  within(options: ServerOptions | undefined): ServerOptions | undefined {
    const store = this.#store;
    return store === undefined ? options : { ...options, taskStore: this.#watched(store) };
  }

  #watched(store: TaskStore): TaskStore {
    return {
      createTask: async (...parameters) => {
        const task = await store.createTask(...parameters);
        this.#open.set(task.taskId, expiryOf(task));
        return task;
      },
      getTaskResult: async (taskId, ...rest) => {
        const result = await store.getTaskResult(taskId, ...rest);
        this.#open.delete(taskId);
        return result;
      },
      updateTaskStatus: async (taskId, status, ...rest) => {
        await store.updateTaskStatus(taskId, status, ...rest);
        if (status === 'cancelled') this.#open.delete(taskId);
      },
      getTask: (...parameters) => store.getTask(...parameters),
      storeTaskResult: (...parameters) => store.storeTaskResult(...parameters),
      listTasks: (...parameters) => store.listTasks(...parameters),
    };
  }
}

/** `ttl` is milliseconds from the task's creation; `null` is without an end. */
function expiryOf({ createdAt, ttl }: Task): number {
  return typeof ttl === 'number' ? Date.parse(createdAt) + ttl : Number.POSITIVE_INFINITY;
}
