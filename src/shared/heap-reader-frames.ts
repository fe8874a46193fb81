/** The messages between the main thread and the heap reader. See `workers/heap-reader/entry.ts`. */

/**
 * To the heap reader: ask these threads, by Node's `threadId`, how large their heaps are. One such message at a time.
 */
export interface HeapQuestionFrame {
  readonly threadIds: readonly number[];
}

/** From the heap reader: one message for each thread that answered in time, then `done`. */
export type HeapAnswerFrame =
  | { readonly type: 'heap'; readonly threadId: number; readonly heapBytes: number }
  | { readonly type: 'done' };
