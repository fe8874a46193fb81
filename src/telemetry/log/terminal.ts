/** What the terminal can show, and what its user wants. */

type Variables = Readonly<Record<string, string | undefined>>;

const OFF: ReadonlySet<string> = new Set(['0', 'false']);

/**
 * Whether to write colours: on a terminal, unless `NO_COLOR` says no (no-color.org). `FORCE_COLOR` decides before
 * either, as it does for Node itself.
 */
export function wantsColor(variables: Variables, terminal: object | undefined): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = variables;
  if (force !== undefined) return !OFF.has(force.toLowerCase());
  if (no !== undefined && no !== '') return false;
  return terminal !== undefined && term !== 'dumb';
}
