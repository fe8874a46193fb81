/**
 * `tools` of a server's entry as plain lists, in which form it reaches the thread that applies it. Names in `allow`,
 * `deny` and the first of each pair are the server's own; see `ToolRules`.
 */
export interface ToolRuleLists {
  readonly allow: readonly string[] | undefined;
  readonly deny: readonly string[];
  /** The server's own name, and the client's. */
  readonly rename: readonly (readonly [string, string])[];
  /** The server's own name, and the description that clients see. */
  readonly describe: readonly (readonly [string, string])[];
}
