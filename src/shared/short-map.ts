/**
 * A map of few entries that come and go all the time. V8's own `Map` makes a new table after every few deletions, and an
 * old table refers to the next one. Once one of them has become old, all that follow, with what they held, survive each
 * young collection until there is a full one: the requests of a loaded gateway did, with their connections. ADR 10.
 *
 * Keys are found by looking at one after the other.
 */
export class ShortMap<Key extends string | number, Value> {
  // Room for two to begin with: an array that grows from nothing has room for 17, and most sessions never have more than
  // one request at once.
  readonly #keys: (Key | undefined)[] = [undefined, undefined];
  readonly #values: (Value | undefined)[] = [undefined, undefined];
  #size = 0;

  get size(): number {
    return this.#size;
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
      this.#keys[this.#size] = key;
      this.#values[this.#size] = value;
      this.#size += 1;
    } else {
      this.#values[index] = value;
    }
  }

  /** Whether it was there. */
  delete(key: Key): boolean {
    const index = this.#keys.indexOf(key);
    if (index === -1) return false;
    this.#size -= 1;
    this.#keys.copyWithin(index, index + 1);
    this.#keys[this.#size] = undefined;
    this.#values.copyWithin(index, index + 1);
    this.#values[this.#size] = undefined;
    return true;
  }

  clear(): void {
    this.#keys.fill(undefined);
    this.#values.fill(undefined);
    this.#size = 0;
  }

  /** In the order in which they came. */
  values(): Value[] {
    return this.#values.slice(0, this.#size) as Value[];
  }
}
