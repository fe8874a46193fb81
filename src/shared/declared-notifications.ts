/** The notifications that a server's capabilities announce (2025-11-25, Lifecycle, "Capability Negotiation"). */
export interface DeclaredNotifications {
  /** `notifications/tools/list_changed`, and so on. */
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
  /** `notifications/message`. */
  readonly logging: boolean;
  /** `notifications/resources/updated`, for resources that the client has subscribed to. */
  readonly subscribe: boolean;
}

/** @param initialized the result of `initialize`, as the server returned it */
export function declaredNotifications(initialized: unknown): DeclaredNotifications {
  const capabilities = partOf(initialized, 'capabilities');
  const changes = (list: string): boolean => partOf(partOf(capabilities, list), 'listChanged') === true;
  return {
    tools: changes('tools'),
    prompts: changes('prompts'),
    resources: changes('resources'),
    logging: partOf(capabilities, 'logging') !== undefined,
    subscribe: partOf(partOf(capabilities, 'resources'), 'subscribe') === true,
  };
}

function partOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
