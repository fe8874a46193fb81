import {
  createGateway,
  type Gateway,
  type GatewayOptions as Options,
  type ProgramOptions,
} from '../../src/index.js';
import { afterThisTest } from './cleanup.js';
import { until, withDeadline } from './deadline.js';
import { FAST_PATH } from './fast-path.js';
import { ISOLATION } from './isolation.js';
import { joined, toolsModule } from './modules.js';
import { RawClient, type RawClientOptions } from './raw-client.js';

export type { Gateway };
export type GatewayOptions = Options & Omit<ProgramOptions, 'listen' | 'admin'>;

const KILL_DEADLINE_MS = 30_000;

/**
 * Free ports, no log, the fixture tools, and short timers so that no test has to wait. No spare threads: most tests have one
 * session, whose thread would be followed by another for nobody. Not bundled, because a gateway for one test starts
 * sooner that way; fixture modules are joined with their packages instead. The tests of modules, of isolation and of
 * the command do bundle.
 */
const quietDefaults = {
  port: 0,
  adminPort: 0,
  serverModule: toolsModule,
  logLevel: 'silent',
  spareThreads: 0,
  maxThreads: 16,
  cleanupInterval: '50ms',
  bundle: false,
  fastPath: FAST_PATH,
  isolation: ISOLATION,
} satisfies Record<string, unknown>;

export function withDefaults(options: Partial<GatewayOptions> = {}): GatewayOptions {
  const given = { ...quietDefaults, ...options };
  // A test that says whether it is bundled means the module's own files.
  if (options.bundle !== undefined || !(given.serverModule instanceof URL)) return given as GatewayOptions;
  return { ...given, serverModule: joined(given.serverModule) } as GatewayOptions;
}

/** A gateway for the current test only; it is killed after the test, whatever the outcome. */
export async function startGateway(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const gateway = await createGateway(withDefaults(options));
  afterThisTest(() => withDeadline(gateway.kill(), 'gateway.kill()', KILL_DEADLINE_MS));
  return gateway;
}

/**
 * One gateway for all tests of a `describe`, started before the first and killed after the last. For tests that leave
 * nothing behind except their own sessions.
 * @returns a function that returns the running gateway inside a test
 */
export function sharedGateway(options: Partial<GatewayOptions> = {}): () => Gateway {
  let gateway: Gateway | undefined;
  before('start the gateway', async () => {
    gateway = await createGateway(withDefaults(options));
  });
  after('kill the gateway', async () => {
    const running = gateway;
    gateway = undefined;
    if (running) await withDeadline(running.kill(), 'gateway.kill()', KILL_DEADLINE_MS);
  });
  return () => {
    if (!gateway) throw new Error('The shared gateway runs only while a test does.');
    return gateway;
  };
}

/**
 * The same, for tests that look at all sessions and threads of their gateway: no session of another test is left, nor its
 * thread.
 */
export function renewedGateway(options: Partial<GatewayOptions> = {}): () => Gateway {
  const gateway = sharedGateway(options);
  afterEach('end the sessions', () => endSessions(gateway()));
  return gateway;
}

/** Ends all sessions, and waits for the end of what they ran in. */
export async function endSessions(gateway: Gateway): Promise<void> {
  await Promise.all(gateway.sessions().map(({ context }) => gateway.endSession(context.sessionId)));
  const noneLeft = () => {
    const { threads, processes } = gateway.snapshot();
    return [threads, processes].every(
      ({ claimed, ending, terminating }) => claimed + ending + terminating === 0,
    );
  };
  await until(noneLeft, 'the threads and processes of the sessions to be gone');
}

/** The Streamable HTTP endpoint. */
export function mcpUrl(gateway: Pick<Gateway, 'url'>): URL {
  return new URL('/mcp', gateway.url);
}

/** The legacy HTTP+SSE endpoint. */
export function sseUrl(gateway: Pick<Gateway, 'url'>): URL {
  return new URL('/sse', gateway.url);
}

/** A raw client of the gateway; its sockets are destroyed after the test. */
export function rawClient(gateway: Pick<Gateway, 'url'>, options: RawClientOptions = {}): RawClient {
  const client = new RawClient(mcpUrl(gateway), options);
  afterThisTest(() => client.destroy());
  return client;
}

/** A raw client that has opened a session: `initialize` and `notifications/initialized` are done. */
export async function connectedClient(
  gateway: Gateway,
  options: RawClientOptions & { protocolVersion?: string; capabilities?: Record<string, unknown> } = {},
): Promise<RawClient> {
  const { protocolVersion, capabilities, ...clientOptions } = options;
  const client = rawClient(gateway, clientOptions);
  await client.initialize(protocolVersion, capabilities);
  return client;
}
