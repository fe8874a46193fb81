/** What the main thread and the heap reader's thread say to each other. See `workers/heap-reader/entry.ts`. */

/** To the heap reader: ask these threads, by Node's `threadId`, for what their heaps hold. One at a time. */
export interface HeapQuestionFrame {
  readonly threadIds: readonly number[];
}

/** From the heap reader: one for each thread that answered in time, then `done`. */
export type HeapAnswerFrame =
  | { readonly type: 'heap'; readonly threadId: number; readonly heapBytes: number }
  | { readonly type: 'done' };
