/**
 * A map of few entries that come and go all the time. V8's own `Map` makes a new table after every few deletions, and an
 * old table refers to the next one. Once one of them has become old, all that follow, with what they held, survive each
 * young collection until there is a full one: the requests of a loaded gateway did, with their connections. ADR 10.
 *
 * Keys are found by looking at one after the other.
 */
export class ShortMap<Key extends string | number, Value> {
  readonly #keys: Key[] = [];
  readonly #values: Value[] = [];

  get size(): number {
    return this.#keys.length;
  }

  has(key: Key): boolean {
    return this.#keys.includes(key);
  }

  get(key: Key): Value | undefined {
    const index = this.#keys.indexOf(key);
    return index === -1 ? undefined : this.#values[index];
  }

  set(key: Key, value: Value): void {
    const index = this.#keys.indexOf(key);
    if (index === -1) {
      this.#keys.push(key);
      this.#values.push(value);
    } else {
      this.#values[index] = value;
    }
  }

  /** Whether it was there. */
  delete(key: Key): boolean {
    const index = this.#keys.indexOf(key);
    if (index === -1) return false;
    this.#keys.copyWithin(index, index + 1);
    this.#keys.pop();
    this.#values.copyWithin(index, index + 1);
    this.#values.pop();
    return true;
  }

  clear(): void {
    this.#keys.length = 0;
    this.#values.length = 0;
  }

  /** In the order in which they came. To be read before anything is deleted. */
  values(): readonly Value[] {
    return this.#values;
  }
}
