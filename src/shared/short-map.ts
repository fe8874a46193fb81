/**
 * A map of few entries that are added and removed all the time. V8's own `Map` makes a new table after every few
 * deletions, and an old table refers to the next one. Once one of them has been promoted to old space, all later ones
 * survive each young collection until the next full one, with everything that they held: the requests of a loaded
 * gateway, with their connections. See ADR 10.
 *
 * Keys are found by searching from the start.
 */
export class ShortMap<Key extends string | number, Value> {
  // Room for two to begin with: an array that grows from nothing has room for 17, and most sessions never have more
  // than one request at a time.
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

  /** Returns whether the key existed. */
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

  /** In the order in which they were added. */
  values(): Value[] {
    return this.#values.slice(0, this.#size) as Value[];
  }
}
