import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createGateway } from '../../src/index.js';
import { afterThisTest } from './cleanup.js';
import { until, withDeadline } from './deadline.js';
import { endSessions, type Gateway, type GatewayOptions } from './gateway.js';
import { joined } from './modules.js';
import { projectRoot } from './project.js';
import { RawClient, type RawClientOptions } from './raw-client.js';

const KILL_DEADLINE_MS = 30_000;

/** `test/fixtures/programs/<name>`. @throws {Error} when there is no such file. */
export function fixtureProgram(name: string): string {
  const file = join(projectRoot, 'test', 'fixtures', 'programs', name);
  if (!existsSync(file)) throw new Error(`There is no fixture ${file}.`);
  return file;
}

/** The entry of a server that is any command: a program of `test/fixtures/programs/`, run by Node. */
export function program(name: string, args: readonly string[] = [], more: object = {}) {
  return { command: process.execPath, args: [fixtureProgram(name), ...args], ...more };
}

/** The entry of the same program as one that the gateway runs in a process. */
export function inProcess(name: string, args: readonly string[] = [], more: object = {}) {
  return { script: fixtureProgram(name), args, isolation: 'process' as const, ...more };
}

/** The entry of the same program as one that the gateway runs in a thread. */
export function inThread(name: string, args: readonly string[] = [], more: object = {}) {
  return { script: fixtureProgram(name), args, isolation: 'thread' as const, ...more };
}

const quietDefaults = {
  port: 0,
  adminPort: 0,
  logLevel: 'silent',
  spareThreads: 0,
  cleanupInterval: '50ms',
  cancelGrace: '1s',
  bundle: false,
} satisfies Partial<GatewayOptions>;

type Servers = NonNullable<NonNullable<GatewayOptions>['servers']>;

/** A gateway with these servers, for the current test alone. Unless it bundles, modules of fixtures are joined. */
export async function startCatalogue(
  servers: Servers,
  options: Partial<GatewayOptions> = {},
): Promise<Gateway> {
  const gateway = await createCatalogue(servers, options);
  afterThisTest(() => withDeadline(gateway.kill(), 'gateway.kill()', KILL_DEADLINE_MS));
  return gateway;
}

/** The same for all tests of a `describe`; its sessions are ended after each. @returns what returns it inside a test */
export function sharedCatalogue(servers: Servers, options: Partial<GatewayOptions> = {}): () => Gateway {
  let gateway: Gateway | undefined;
  before('start the gateway', async () => {
    gateway = await createCatalogue(servers, options);
  });
  afterEach('end the sessions', async () => {
    if (gateway) await endSessions(gateway);
  });
  after('kill the gateway', async () => {
    if (gateway) await withDeadline(gateway.kill(), 'gateway.kill()', KILL_DEADLINE_MS);
  });
  return () => {
    if (!gateway) throw new Error('The shared gateway runs only while a test does.');
    return gateway;
  };
}

function createCatalogue(servers: Servers, options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const served = options.bundle === undefined ? withJoinedModules(servers) : servers;
  return createGateway({ ...quietDefaults, servers: served, ...options } as GatewayOptions);
}

function withJoinedModules(servers: Servers): Servers {
  return Object.fromEntries(
    Object.entries(servers).map(([name, entry]) => {
      const { module } = entry as { readonly module?: string | URL };
      const url = typeof module === 'string' && isAbsolute(module) ? pathToFileURL(module) : module;
      return [name, url instanceof URL ? { ...entry, module: joined(url) } : entry];
    }),
  );
}

/** Waits until it serves all of its servers: one that is too slow to answer while others start is tried again. */
export async function allServed(gateway: Gateway, deadlineMs: number): Promise<void> {
  const notServed = () => gateway.servers().filter(({ state }) => state !== 'served');
  await until(
    () => notServed().length === 0,
    () => `these servers: ${JSON.stringify(notServed())}`,
    deadlineMs,
  );
}

/** A client of one of its servers, by name. */
export function clientOf(gateway: Gateway, server: string, options: RawClientOptions = {}): RawClient {
  const client = new RawClient(new URL(`/${server}/mcp`, gateway.url), options);
  afterThisTest(() => client.destroy());
  return client;
}

/** The same, with a session. */
export async function sessionOf(
  gateway: Gateway,
  server: string,
  capabilities: Record<string, unknown> = {},
): Promise<RawClient> {
  const client = clientOf(gateway, server);
  await client.initialize(undefined, capabilities);
  return client;
}
