/** What the client of a test's session is and can do. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  type ClientCapabilities,
  type CreateMessageRequest,
  CreateMessageRequestSchema,
  type CreateMessageResult,
  type ElicitRequest,
  ElicitRequestSchema,
  type ElicitResult,
  ListRootsRequestSchema,
  type Root,
} from '@modelcontextprotocol/sdk/types.js';

/** What a tool asks its user: a form's `message` and `requestedSchema`, or a `url`. */
export type ElicitationRequest = ElicitRequest['params'];
/** Answers of the user; a value answers each question alike. */
export type ElicitationHandler =
  | ElicitResult
  | ((request: ElicitationRequest) => ElicitResult | Promise<ElicitResult>);
/** Answers of the client's model. */
export type SamplingHandler =
  | CreateMessageResult
  | ((request: CreateMessageRequest['params']) => CreateMessageResult | Promise<CreateMessageResult>);
/** The folders that the client offers. */
export type RootsHandler = readonly Root[] | (() => readonly Root[] | Promise<readonly Root[]>);

export interface SessionOptions {
  /** Which server, if the host has several. */
  readonly server?: string;
  /** The client's name, which the module finds in `session.context.client`. By default `test`. */
  readonly name?: string;
  /** By default `1.0.0`. */
  readonly version?: string;
  /** Headers of every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The client can elicit, in forms and by URL. Without it, the client says that it cannot. */
  readonly elicit?: ElicitationHandler;
  /** The client can sample. */
  readonly sample?: SamplingHandler;
  /** The client has roots. */
  readonly roots?: RootsHandler;
  /** Capabilities that the client declares besides; `session.client` takes their handlers. */
  readonly capabilities?: ClientCapabilities;
}

/** Those that its handlers stand for, and what is declared besides. */
export function capabilitiesOf({ elicit, sample, roots, capabilities }: SessionOptions): ClientCapabilities {
  return {
    ...(elicit !== undefined && { elicitation: { form: {}, url: {} } }),
    ...(sample !== undefined && { sampling: {} }),
    ...(roots !== undefined && { roots: { listChanged: true } }),
    ...capabilities,
  };
}

export function setHandlers(client: Client, { elicit, sample, roots }: SessionOptions): void {
  if (elicit !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }) =>
      typeof elicit === 'function' ? elicit(params) : elicit,
    );
  }
  if (sample !== undefined) {
    client.setRequestHandler(CreateMessageRequestSchema, ({ params }) =>
      typeof sample === 'function' ? sample(params) : sample,
    );
  }
  if (roots !== undefined) {
    client.setRequestHandler(ListRootsRequestSchema, async () => ({
      roots: [...(typeof roots === 'function' ? await roots() : roots)],
    }));
  }
}
