/**
 * `bulkhead import --check`: starts each server once, as the gateway would, and reports what it offers and what it
 * needs.
 */
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { ProcessTree } from '../../load/server/process-tree.js';
import { ServerUnreadable } from '../../load/server/server-unreadable.js';
import type { GatewayFile } from '../client-configs/gateway-file.js';
import type { ImportPlan } from '../client-configs/import-plan.js';
import { secretsOf, withoutSecrets } from '../client-configs/secrets.js';
import { formatDuration } from '../config/duration.js';
import { startedBy } from '../config/servers/launchers.js';
import { catalogueOfServers } from '../config/servers/read-catalogue.js';
import { searchLeftovers } from '../isolation/port/leftovers.js';
import { liveThreads } from '../isolation/thread/live-threads.js';
import type { CommandEntry } from '../servers/server-entry.js';
import { environmentFor } from '../servers/server-environment.js';
import { HAS_PROCESS_TABLE } from '../shared/process-table.js';
import { StopDeadline } from '../shared/stop-deadline.js';
import { rootMessage } from './client/root-message.js';
import { CommandFailure } from './failure.js';
import { safeLine } from './output/safe-text.js';
import { StdioProcess } from './stdio-process.js';

export interface CheckRequest {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Aborts the check. */
  readonly signal: AbortSignal;
  print(line: string): void;
}

/** Maximum number of pages of a list; one that never ends is not counted further. */
const MAX_PAGES = 100;
const SHOWN_NAMES = 8;
/** A search is stopped within milliseconds, unless the system does not let go of its thread. */
const SEARCH_STOP_MS = 500;

/**
 * Starts one server after the other, so that none slows down another. Meanwhile, what an earlier check or gateway left
 * behind when it was killed is ended.
 * @returns whether each of them could be started
 */
export async function checkServers(
  plan: ImportPlan,
  gateway: GatewayFile,
  request: CheckRequest,
): Promise<boolean> {
  const { servers, broken } = commandsOf(plan, gateway, request.environment);
  for (const reason of broken) request.print(`  ${reason}`);
  if (servers.length + broken.length === 0) request.print('  nothing: there is no command');
  const search = searchLeftovers();
  // The next gateway searches as well, and says why it cannot.
  search?.report.catch(() => {});
  try {
    let ok = broken.length === 0;
    for (const entry of servers) {
      if (request.signal.aborted) return false;
      const [works, ...lines] = await checkServer(entry, request);
      if (request.signal.aborted) return false;
      ok &&= works;
      const secrets = secretsOf(entry);
      for (const line of lines) request.print(safeLine(withoutSecrets(line, secrets)));
    }
    return ok;
  } finally {
    if (search !== undefined && !(await new StopDeadline(SEARCH_STOP_MS).within(search.stop())))
      liveThreads.add(search);
  }
}

/** As the gateway will read its file: its current content, plus what the import adds. */
function commandsOf(
  plan: ImportPlan,
  gateway: GatewayFile,
  environment: CheckRequest['environment'],
): { servers: CommandEntry[]; broken: string[] } {
  const entries = gateway.serversAfter(plan.gatewayEdits);
  if (Object.keys(entries).length === 0) return { servers: [], broken: [] };
  const { servers, broken } = catalogueOfServers(
    {
      entries,
      repeated: new Set(),
      key: 'servers',
      file: basename(gateway.path),
      folder: dirname(gateway.path),
      ofClient: false,
    },
    {
      strict: false,
      environment,
      // Limits play no part in a check; the time to start is the usual one of each command.
      gateway: {
        startTimeoutMs: undefined,
        isolation: 'thread',
        processMemoryMb: 1024,
        hasSecrets: true,
        threadHeapMb: 128,
        threadMemoryMb: 512,
      },
    },
  );
  return {
    servers: servers.filter((entry): entry is CommandEntry => entry.kind === 'command'),
    broken: broken.map(({ reason }) => reason),
  };
}

async function checkServer(
  entry: CommandEntry,
  { environment, version, signal }: CheckRequest,
): Promise<[works: boolean, ...lines: string[]]> {
  const { name, command, args, cwd, startTimeoutMs } = entry;
  const server = new StdioProcess({ command, args, cwd, env: environmentFor(entry, environment) });
  const client = new Client({ name: 'bulkhead-import', version });
  const deadline = AbortSignal.timeout(startTimeoutMs);
  const options = { timeout: startTimeoutMs, signal: AbortSignal.any([signal, deadline]) };
  const begun = performance.now();
  try {
    if (!existsSync(cwd)) throw new CommandFailure(`its folder ${cwd} does not exist`);
    await client.connect(server, options);
    const seconds = (performance.now() - begun) / 1_000;
    const offers = await offersOf(client, options);
    const memory = memoryOf(server.pid);
    const stray = count(server.strayLines, 'line');
    return [
      true,
      `  ${name}: ${offers}`,
      `    in a process for each session${threadNote(command, args)}; ready after ${seconds.toFixed(1)} s${memory}`,
      ...(server.strayLines > 0
        ? [`    ${stray} on stdout that ${server.strayLines === 1 ? 'is no message' : 'are no messages'}`]
        : []),
    ];
  } catch (error) {
    const reason = deadline.aborted
      ? `no answer within ${formatDuration(startTimeoutMs)}`
      : server.ending === undefined
        ? rootMessage(error)
        : `it ended with ${server.ending}`;
    const words = server.lastWords === '' ? '' : ` (${server.lastWords})`;
    return [false, `  ${name}: does not start: ${reason}${words}`];
  } finally {
    await server.close();
  }
}

type RequestOptions = { readonly timeout: number; readonly signal: AbortSignal };

async function offersOf(client: Client, options: RequestOptions): Promise<string> {
  const { tools, prompts, resources } = client.getServerCapabilities() ?? {};
  const parts: string[] = [];
  if (tools !== undefined) {
    const names = await namesOf(async (cursor) => {
      const page = await client.listTools(cursor, options);
      return [page.tools.map(({ name }) => name), page.nextCursor];
    });
    const more = names.length > SHOWN_NAMES ? ', …' : '';
    parts.push(`${count(names.length, 'tool')} (${names.slice(0, SHOWN_NAMES).join(', ')}${more})`);
  }
  if (prompts !== undefined) {
    const names = await namesOf(async (cursor) => {
      const page = await client.listPrompts(cursor, options);
      return [page.prompts.map(({ name }) => name), page.nextCursor];
    });
    parts.push(count(names.length, 'prompt'));
  }
  if (resources !== undefined) {
    const names = await namesOf(async (cursor) => {
      const page = await client.listResources(cursor, options);
      return [page.resources.map(({ uri }) => uri), page.nextCursor];
    });
    parts.push(count(names.length, 'resource'));
  }
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

/** All pages of a list. */
async function namesOf(
  read: (page: { cursor: string } | undefined) => Promise<[names: string[], nextCursor: string | undefined]>,
): Promise<string[]> {
  const all: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const [names, next] = await read(cursor === undefined ? undefined : { cursor });
    all.push(...names);
    if (next === undefined) break;
    cursor = next;
  }
  return all;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** The memory of the process and everything that it started. */
function memoryOf(pid: number | undefined): string {
  if (pid === undefined || !HAS_PROCESS_TABLE) return '';
  let figures: ReturnType<ProcessTree['sample']>;
  try {
    figures = new ProcessTree(pid).sample();
  } catch (error) {
    // It has ended since, or started a process as another user, whose memory is not ours to read.
    if (error instanceof ServerUnreadable) return ', memory unknown';
    throw error;
  }
  if (figures === undefined) return '';
  const mebibytes = Math.round(figures.residentBytes / 1024 / 1024);
  return `, ${mebibytes} MiB resident in ${figures.processes === 1 ? 'one process' : `${figures.processes} processes`}`;
}

/** A Node program does not need its own process, unless it has native addons or ends its process. */
function threadNote(command: string, args: readonly string[]): string {
  const program = basename(command).replace(/\.(?:exe|cmd)$/i, '');
  if (program === 'node') return ' (as "script", this Node program could run in a thread)';
  if (program === 'npx') return ` (as "package", ${startedBy(command, args)} could run in a thread)`;
  return '';
}
