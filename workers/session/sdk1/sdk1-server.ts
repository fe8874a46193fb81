/** The server that the gateway makes with its own SDK, for a module that has `setup`. */
import type { Session, SetupDefinition } from '../../../src/shared/define-server.js';
import type { SessionContext } from '../../../src/shared/session-context.js';
import type { SessionServer, SessionServerOwner } from '../session-server.js';
import { hiddenSchemas } from './hidden-schemas.js';
import { createMcpServer, type SessionMcpServer } from './mcp-server.js';
import { PortTransport } from './port-transport.js';
import { watchingTasks } from './tasks.js';
import { entriesOf } from './tool-call.js';
import { installToolExecutor, SessionAwareToolExecutor, trackFallbackHandler } from './tool-executor.js';

export class Sdk1Server implements SessionServer {
  readonly #definition: SetupDefinition;
  readonly #executor: SessionAwareToolExecutor;
  readonly #server: SessionMcpServer;
  readonly transport: PortTransport;

  /** @param firstRequestId where its own JSON-RPC ids begin */
  constructor(
    definition: SetupDefinition,
    context: SessionContext,
    firstRequestId: number,
    owner: SessionServerOwner,
  ) {
    this.#definition = definition;
    this.#executor = new SessionAwareToolExecutor(context, (run) => owner.onSettled(run));
    installToolExecutor(this.#executor);
    this.#server = createMcpServer(definition, watchingTasks(definition.options, owner.holds));
    trackFallbackHandler(this.#server.server);
    this.transport = new PortTransport(context, owner, this.#executor);
    this.transport.bind(this.#server);
    // Must work before it is connected, in `setup`, where the SDK would do nothing.
    this.#server.server.close = () => this.transport.close();
    this.#server.server.onerror = (error) => owner.onError(error);
    if (context.era === 'stateless') this.#declareByRequest();
    // A new thread must not repeat the ids of its predecessor's requests to the client: the client may still answer
    // those. The SDK counts from 0 and offers no other way.
    Reflect.set(this.#server.server, '_requestMessageId', firstRequestId);
  }

  /** A handler that looks before it asks sees what the client has declared on this very request. */
  #declareByRequest(): void {
    const { server } = this.#server;
    const ofGateway = server.getClientCapabilities.bind(server);
    server.getClientCapabilities = () => this.transport.declaredCapabilities ?? ofGateway();
  }

  get busy(): boolean {
    return this.#executor.busy || this.transport.busy;
  }

  get hiddenSchemas(): readonly string[] {
    return hiddenSchemas(entriesOf(this.#server)._registeredTools);
  }

  async start(session: Session): Promise<boolean> {
    await this.#definition.setup(this.#server, session);
    if (this.transport.closed) return false;
    await this.#server.connect(this.transport);
    return true;
  }

  async close(): Promise<void> {
    this.#executor.allCancelled();
    // Aborts the signal of every handler.
    await this.#server.close();
    await this.#executor.idle();
  }
}
