/** The two kinds of load: as fast as answers come, and at a fixed rate whatever the answers do. */
import type { McpSession } from './mcp-session.js';

/**
 * Closed loop: every session has one call in flight and sends the next when the answer is there.
 * @returns calls that were answered.
 */
export async function closedLoop(sessions: readonly McpSession[], durationMs: number): Promise<number> {
  const endMs = performance.now() + durationMs;
  const counts = await Promise.all(
    sessions.map(async (session) => {
      let calls = 0;
      while (performance.now() < endMs) {
        await session.echo();
        calls += 1;
      }
      return calls;
    }),
  );
  return counts.reduce((sum, calls) => sum + calls, 0);
}

/**
 * Closed loop until code is compiled. The SDK's server in one thread still gains speed after 8 s of full load,
 * and each session thread has compiled code of its own.
 */
export async function warmUp(sessions: readonly McpSession[], quick: boolean): Promise<void> {
  await closedLoop(sessions, quick ? 4000 : 10_000);
}

/**
 * Open loop: so many calls a second, in turn over the sessions, sent at their time also while earlier ones wait.
 * The time in the queue behind a stalled call counts, so a stall is seen by every call that it delays.
 * @returns each call's latency in milliseconds.
 */
export function openLoop(
  sessions: readonly McpSession[],
  callsPerSecond: number,
  durationMs: number,
): Promise<number[]> {
  const total = Math.round((durationMs / 1000) * callsPerSecond);
  const startMs = performance.now();
  const latenciesMs: number[] = [];
  return new Promise((resolve, reject) => {
    let sent = 0;
    let failed = false;
    const fail = (error: unknown): void => {
      failed = true;
      reject(error);
    };
    const send = (): void => {
      if (failed) return;
      const session = sessions[sent % sessions.length];
      sent += 1;
      if (sent < total) {
        setTimeout(send, Math.max(0, startMs + (sent * 1000) / callsPerSecond - performance.now()));
      }
      const sentMs = performance.now();
      session?.echo().then(() => {
        latenciesMs.push(performance.now() - sentMs);
        if (latenciesMs.length === total) resolve(latenciesMs);
      }, fail);
    };
    send();
  });
}
