/** A server that the gateway has not made: whatever the module's `createServer` returns, if it has `connect(transport)`. */
import { setTimeout as delay } from 'node:timers/promises';
import type {
  ConnectableServer,
  CreateServerDefinition,
  Session,
} from '../../../src/shared/define-server.js';
import { messageOf } from '../../../src/shared/errors.js';
import { isFields } from '../../../src/shared/fields.js';
import type { SessionContext } from '../../../src/shared/session-context.js';
import { hiddenSchemas } from '../sdk1/hidden-schemas.js';
import type { SessionServer, SessionServerOwner } from '../session-server.js';
import { checkedServer, declareByRequest, reportErrors } from './returned-server.js';
import { bindToStatelessEra } from './sdk2-era.js';
import { AnyServerTransport } from './server-transport.js';
import { noticeThrown } from './thrown-errors.js';

/** Nothing shows when aborted handlers have ended. At the end of a session they get this long to clean up. */
const ABORTED_HANDLERS_MS = 100;

export class AnyServer implements SessionServer {
  readonly #definition: CreateServerDefinition;
  readonly #owner: SessionServerOwner;
  readonly transport: AnyServerTransport;
  readonly #isStateless: boolean;
  #server: ConnectableServer | undefined;

  /** @param firstRequestId where the ids of requests to the client begin */
  constructor(
    definition: CreateServerDefinition,
    context: SessionContext,
    firstRequestId: number,
    owner: SessionServerOwner,
  ) {
    this.#definition = definition;
    this.#owner = owner;
    const bind = (): boolean => this.#server !== undefined && bindToStatelessEra(this.#server);
    this.transport = new AnyServerTransport(context, firstRequestId, owner, bind);
    this.#isStateless = context.era === 'stateless';
  }

  get busy(): boolean {
    return this.transport.busy;
  }

  /** Both SDKs keep the tools in the same member of an `McpServer`, which is not public. */
  get hiddenSchemas(): readonly string[] {
    const { _registeredTools: tools } = (this.#server ?? {}) as { readonly _registeredTools?: unknown };
    return isFields(tools) ? hiddenSchemas(tools as Parameters<typeof hiddenSchemas>[0]) : [];
  }

  async start(session: Session): Promise<boolean> {
    const server = checkedServer(await this.#definition.createServer(session));
    this.#server = server;
    reportErrors(server, (error) => this.#owner.onError(error));
    noticeThrown(server, (requestId, error) => this.transport.threw(requestId, error));
    if (this.#isStateless) declareByRequest(server, () => this.transport.declaredCapabilities);
    await this.#connect(server);
    return !this.transport.closed;
  }

  /** Resolves when the server can receive messages: some wait in `connect` until they have been initialized. */
  async #connect(server: ConnectableServer): Promise<void> {
    const transport = this.transport;
    const connected = Promise.resolve(server.connect(transport));
    let receives = false;
    connected.catch((error: unknown) => {
      if (!receives) return;
      this.#owner.onError(new Error(`the server's connect() failed: ${messageOf(error)}`, { cause: error }));
      void transport.close();
    });
    await Promise.race([connected, transport.started]);
    if (transport.onmessage === undefined) await connected;
    if (transport.onmessage === undefined)
      throw new TypeError("the server's connect(transport) did not set transport.onmessage");
    receives = true;
  }

  async close(): Promise<void> {
    const aborts = this.transport.cancelAll();
    try {
      await this.#server?.close?.();
    } catch (error) {
      this.#owner.onError(new Error(`the server's close() failed: ${messageOf(error)}`, { cause: error }));
    }
    await this.transport.close();
    if (aborts) await delay(ABORTED_HANDLERS_MS);
  }
}
