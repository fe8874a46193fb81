/** Scopes that include others (2026-07-28, Authorization: scope hierarchies must be accounted for). */

export class ScopeHierarchy {
  /** What each scope includes, itself and what its included ones include among it. */
  readonly #included = new Map<string, ReadonlySet<string>>();

  /** @param includes what each scope includes directly. A circle means that its scopes are the same. */
  constructor(includes: ReadonlyMap<string, readonly string[]>) {
    for (const scope of includes.keys()) {
      const included = new Set([scope]);
      // A set is walked in the order in which it grows.
      for (const one of included) for (const more of includes.get(one) ?? []) included.add(more);
      this.#included.set(scope, included);
    }
  }

  /** Everything that somebody with these scopes has. */
  granted(scopes: readonly string[]): ReadonlySet<string> {
    const granted = new Set(scopes);
    for (const scope of scopes) for (const included of this.#included.get(scope) ?? []) granted.add(included);
    return granted;
  }
}
