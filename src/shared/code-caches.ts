/** V8's code caches, which contain what had been compiled in the thread that made them. */
export interface CodeCaches {
  readonly worker: Uint8Array;
  /** Only if the server module is bundled. */
  readonly module: Uint8Array | undefined;
}

export const CODE_CACHES = ['worker', 'module'] as const satisfies readonly (keyof CodeCaches)[];
export type CodeCacheName = (typeof CODE_CACHES)[number];
