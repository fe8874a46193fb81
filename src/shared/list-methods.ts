/** The lists of a server, and what its client is told when one of them has changed (2025-11-25, Server Features). */

/** A part of the server's capabilities that has lists. */
export type ListKind = 'tools' | 'prompts' | 'resources';

export const LIST_KINDS = ['tools', 'prompts', 'resources'] as const satisfies readonly ListKind[];

/** The methods that return the lists of each kind. */
export const LIST_METHODS: Readonly<Record<ListKind, readonly string[]>> = {
  tools: ['tools/list'],
  prompts: ['prompts/list'],
  resources: ['resources/list', 'resources/templates/list'],
};

/** `notifications/tools/list_changed`, and so on. */
export function listChangedMethod(kind: ListKind): string {
  return `notifications/${kind}/list_changed`;
}
