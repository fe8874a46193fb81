/**
 * Why the system refuses to start a thread or process: which limit has been reached, in a sentence for the client and the log. A
 * shortage passes, unlike a module that fails to load, so whoever tries again must not wait for long.
 */

/** By the system's error code (errno(3)). */
const SENTENCES: Readonly<Record<string, string>> = {
  EAGAIN:
    'the system refuses to start more threads and processes (EAGAIN): a limit of its processes and threads is reached, which is ' +
    "a container's pids limit, TasksMax of systemd or ulimit -u; raise it, or lower max-threads and max-processes",
  EMFILE:
    'the gateway has no file descriptor left (EMFILE): raise ulimit -n, or lower max-threads, max-processes and max-sessions',
  ENFILE: 'the system has no file descriptor left (ENFILE): raise fs.file-max, or close what holds them',
  ENOMEM:
    'the system has no memory left for a thread or process (ENOMEM): lower max-threads and max-processes, or give it more memory',
};

/** The sentence if it is a shortage, otherwise `undefined`. */
export function shortageOf(thrown: unknown): string | undefined {
  const { code, message } = (thrown ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && code in SENTENCES) return SENTENCES[code];
  // Node gives the system's code only in the message: "Worker initialization failure: EAGAIN".
  if (code !== 'ERR_WORKER_INIT_FAILED') return undefined;
  const named = /\b(E[A-Z]+)$/.exec(String(message))?.[1] ?? '';
  return SENTENCES[named] ?? `the system refused to start a thread: ${String(message)}`;
}

/** The sentence of `shortageOf`, or the error's message. */
export function startFailure(thrown: unknown): { readonly message: string; readonly shortage: boolean } {
  const sentence = shortageOf(thrown);
  if (sentence !== undefined) return { message: sentence, shortage: true };
  return { message: thrown instanceof Error ? thrown.message : String(thrown), shortage: false };
}
