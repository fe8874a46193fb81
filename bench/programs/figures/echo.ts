/** Calls a second over sessions that each have a process. */
import { closedLoop } from '../../client/load.js';
import { closeSessions, openSessions } from '../../client/mcp-session.js';
import { alternate, type BenchSettings, type Figure, type Row } from '../../figure.js';
import { type StartedDirectly, startedDirectly } from '../session-costs.js';
import { directly, ECHO, withBulkhead, withMcpProxy, withSupergateway } from '../sides.js';

const SESSIONS = 8;

interface Lengths {
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

async function perSecond({ url }: { readonly url: URL }, { warmUpMs, measuredMs }: Lengths): Promise<number> {
  const sessions = await openSessions(url, SESSIONS);
  try {
    await closedLoop(sessions, warmUpMs);
    return (await closedLoop(sessions, measuredMs)) / (measuredMs / 1_000);
  } finally {
    await closeSessions(sessions);
  }
}

function echoText(id: number): string {
  const params = { name: 'echo', arguments: { text: `call ${id} ................................` } };
  return JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params });
}

async function directCalls(started: readonly StartedDirectly[], durationMs: number): Promise<number> {
  const endMs = performance.now() + durationMs;
  const counts = await Promise.all(
    started.map(async ({ ask }) => {
      let calls = 0;
      for (; performance.now() < endMs; calls += 1) await ask(echoText(calls + 10));
      return calls;
    }),
  );
  return counts.reduce((sum, calls) => sum + calls, 0);
}

async function directPerSecond({ warmUpMs, measuredMs }: Lengths): Promise<number> {
  const commands = Array.from({ length: SESSIONS }, () => directly(ECHO, 'direct'));
  const started = await Promise.all(commands.map(startedDirectly));
  await directCalls(started, warmUpMs);
  const calls = await directCalls(started, measuredMs);
  await Promise.all(started.map(({ wire }) => wire.close()));
  return calls / (measuredMs / 1_000);
}

export const echo: Row = {
  name: 'echo',
  title: 'echo',
  async run(settings: BenchSettings): Promise<Figure[]> {
    const lengths = settings.quick
      ? { warmUpMs: 1_000, measuredMs: 1_000 }
      : { warmUpMs: 8_000, measuredMs: 5_000 };
    const of = await alternate(settings, 'echo', {
      Bulkhead: () => withBulkhead(ECHO, {}, (started) => perSecond(started, lengths)),
      supergateway: () => withSupergateway(ECHO, (started) => perSecond(started, lengths)),
      'mcp-proxy': () => withMcpProxy(ECHO, (started) => perSecond(started, lengths)),
      directly: () => directPerSecond(lengths),
    });
    return [
      {
        measure: `echo, ${SESSIONS} sessions with a process each, a call of each at a time`,
        unit: 'calls/s',
        bulkhead: of.Bulkhead,
        comparedWith: { name: 'supergateway', values: of.supergateway },
        goal: { kind: 'ratio at least', value: 2 },
        orientation: [
          { name: 'mcp-proxy, one process for all', values: of['mcp-proxy'] },
          { name: 'directly', values: of.directly },
        ],
      },
    ];
  },
};
