/** Very many sleeping sessions, one that makes calls, and a reader of the metrics and of the list of sessions. */
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import type { ManySessionsResult } from '../../../bench/reliability/results.js';
import { wholeAnswer } from '../../../load/client/http-exchange.js';
import { fixtureModule } from '../../support/modules.js';
import { ClientSession, PROTOCOL_VERSION } from './client-session.js';
import { GatewayProcess } from './gateway-process.js';

const SESSIONS = 19_000;
const AT_ONCE = 16;
const CALLS = 1_000;

export async function manySessions(): Promise<ManySessionsResult> {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-nemesis-'));
  const stderr = openSync(join(folder, 'stderr'), 'w');
  const gateway = await GatewayProcess.launch({
    module: fixtureModule('light'),
    options: { 'max-sessions': String(SESSIONS + 10), 'session-idle': '1h', 'drain-timeout': '2s' },
    env: {},
    stderr,
  }).finally(() => closeSync(stderr));
  const caller = new ClientSession(gateway.url, 'caller');
  try {
    await openSessions(gateway.url);
    if (!(await caller.open(true))) throw new Error('The session that calls was refused.');
    for (let call = 0; call < CALLS; call += 1) {
      const { outcome } = await caller.call({ tool: 'thread' });
      if (outcome.kind !== 'answer') throw new Error(`A call got ${JSON.stringify(outcome)}.`);
    }
    await (await fetch(new URL('/sessions', gateway.adminUrl))).text();
    const metrics = await gateway.metrics();
    const residentBytes = metrics.get('process_resident_memory_bytes') ?? 0;
    await gateway.stop();
    const { eventLoopMs, mainHeapBytes } = gateway.readings;
    return { sessions: SESSIONS, eventLoopMs, mainHeapBytes, residentBytes };
  } finally {
    await caller.leave('vanish');
    gateway.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each is initialized and left asleep, without its own connection. */
async function openSessions(url: URL): Promise<void> {
  const pool = new Pool(url.origin, { connections: AT_ONCE });
  const params = {
    protocolVersion: PROTOCOL_VERSION,
    capabilities: {},
    clientInfo: { name: 'sleeper', version: '1.0.0' },
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  let opened = 0;
  const openers = Array.from({ length: AT_ONCE }, async () => {
    while (opened < SESSIONS) {
      opened += 1;
      const { status } = await wholeAnswer(pool, { method: 'POST', path: url.pathname, headers, body });
      if (status !== 200) throw new Error(`initialize was answered ${status}.`);
    }
  });
  try {
    await Promise.all(openers);
  } finally {
    await pool.destroy();
  }
}
