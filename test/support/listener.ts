/** Clients of the stateless era that listen (2026-07-28, Subscriptions), over the raw client. */
import type { JsonRpcMessage, RawClient, RawResponse, RequestId } from './raw-client.js';
import type { SseReader } from './sse-reader.js';
import { askStateless, postStateless } from './stateless.js';

export const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId';

/** Calls a tool and returns the text that it answers. */
export async function textOfCall(
  client: RawClient,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { answer } = await askStateless(client, 'tools/call', { name, arguments: args });
  const [content] = (answer.result?.content ?? []) as { text: string }[];
  return content?.text ?? JSON.stringify(answer);
}

/** Asks for a subscription. */
export function askToListen(
  client: RawClient,
  notifications: unknown,
  id: RequestId = 'listen:0',
): Promise<RawResponse> {
  return postStateless(client, 'subscriptions/listen', { notifications }, { id });
}

export interface Listening {
  readonly stream: SseReader;
  readonly acknowledgement: JsonRpcMessage;
  /** Everything after the acknowledgement: methods without their beginning, and URIs. */
  readonly told: readonly string[];
  /** Resolves with the next notification of this method. */
  next(method: string): Promise<JsonRpcMessage>;
}

/** Opens a subscription and waits for its acknowledgement. */
export async function listen(
  client: RawClient,
  notifications: Readonly<Record<string, unknown>>,
  id?: RequestId,
): Promise<Listening> {
  const { stream } = await askToListen(client, notifications, id);
  const acknowledgement = await stream.message();
  return {
    stream,
    acknowledgement,
    get told() {
      return stream.messages
        .slice(1)
        .map(({ method = 'response', params }) =>
          [method.replace('notifications/', ''), params?.uri].filter((part) => part !== undefined).join(' '),
        );
    },
    next: (method) => stream.message((message) => message.method === `notifications/${method}`, method),
  };
}
