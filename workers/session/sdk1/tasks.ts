/**
 * The tasks of a session (2025-11-25, Tasks). A thread must not end while a task runs, or while a client may still
 * fetch a result that only this thread has.
 */
import type { TaskStore } from '@modelcontextprotocol/sdk/experimental/tasks/interfaces.js';
import type { ServerOptions } from '@modelcontextprotocol/sdk/server/index.js';
import type { Task } from '@modelcontextprotocol/sdk/types.js';
import type { Holds } from '../holds.js';

/** The maximum of `setTimeout` in milliseconds: 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A server's options. If the module has a task store, it takes a hold on the thread for each task. */
export function watchingTasks(options: ServerOptions | undefined, holds: Holds): ServerOptions | undefined {
  const store = options?.taskStore;
  return store === undefined ? options : { ...options, taskStore: watched(store, holds) };
}

/** A hold lasts until the result has been fetched, the task is cancelled, or its time to live is over. */
function watched(store: TaskStore, holds: Holds): TaskStore {
  const open = new Map<string, () => void>();
  const close = (taskId: string): void => {
    open.get(taskId)?.();
    open.delete(taskId);
  };
  return {
    createTask: async (...parameters) => {
      const task = await store.createTask(...parameters);
      const release = holds.take();
      const expiry = expiryTimer(task, () => close(task.taskId));
      open.set(task.taskId, () => {
        clearTimeout(expiry);
        release();
      });
      return task;
    },
    getTaskResult: async (taskId, ...rest) => {
      const result = await store.getTaskResult(taskId, ...rest);
      close(taskId);
      return result;
    },
    updateTaskStatus: async (taskId, status, ...rest) => {
      await store.updateTaskStatus(taskId, status, ...rest);
      if (status === 'cancelled') close(taskId);
    },
    getTask: (...parameters) => store.getTask(...parameters),
    storeTaskResult: (...parameters) => store.storeTaskResult(...parameters),
    listTasks: (...parameters) => store.listTasks(...parameters),
  };
}

/** `ttl` is in milliseconds from the task's creation, which is now; `null` means forever. */
function expiryTimer({ ttl }: Task, expired: () => void): NodeJS.Timeout | undefined {
  return typeof ttl === 'number' ? setTimeout(expired, Math.min(ttl, LONGEST_TIMER_MS)).unref() : undefined;
}
