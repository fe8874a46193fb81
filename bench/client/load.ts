/** The two kinds of load: as fast as answers come, and at a fixed rate whatever the answers do. */

/** A client of either era. */
export interface EchoClient {
  /** Makes one call and checks its answer. */
  echo(): Promise<void>;
}

/**
 * Closed loop: every client has one call in flight and sends the next when it has the answer.
 * @returns calls that were answered.
 */
export async function closedLoop(clients: readonly EchoClient[], durationMs: number): Promise<number> {
  const endMs = performance.now() + durationMs;
  const counts = await Promise.all(
    clients.map(async (client) => {
      let calls = 0;
      while (performance.now() < endMs) {
        await client.echo();
        calls += 1;
      }
      return calls;
    }),
  );
  return counts.reduce((sum, calls) => sum + calls, 0);
}

/**
 * Closed loop until code is compiled. The SDK's server in one thread still gains speed after 8 s of full load,
 * and each session thread compiles its own code.
 */
export async function warmUp(clients: readonly EchoClient[], quick: boolean): Promise<void> {
  await closedLoop(clients, quick ? 4000 : 10_000);
}

/**
 * Open loop: a fixed number of calls a second, distributed over the clients in turn. Each is sent on time, even if earlier ones have
 * no answer yet. Latency includes the time in the queue behind a stalled call, so that every call that a stall delays shows it.
 * @returns each call's latency in milliseconds.
 */
export function openLoop(
  clients: readonly EchoClient[],
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
      const client = clients[sent % clients.length];
      sent += 1;
      if (sent < total) {
        setTimeout(send, Math.max(0, startMs + (sent * 1000) / callsPerSecond - performance.now()));
      }
      const sentMs = performance.now();
      client?.echo().then(() => {
        latenciesMs.push(performance.now() - sentMs);
        if (latenciesMs.length === total) resolve(latenciesMs);
      }, fail);
    };
    send();
  });
}
