/** So many entries may go before the map is made anew; more where it holds more. */
const RENEW_AFTER = 1000;

/**
 * A map through which many entries pass. A `Map` of V8 grows out of its table again and again, and each old
 * table refers to the next. Once one of them is among the old objects, all entries of all that follow are
 * garbage only to a full collection, and until then each collection copies them. So this one begins anew
 * now and then.
 */
export class ChurnMap<K, V> {
  #map = new Map<K, V>();
  #gone = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  /** Whoever iterates over this map meanwhile may not see what is added. */
  set(key: K, value: V): void {
    if (this.#gone >= Math.max(RENEW_AFTER, this.#map.size)) {
      this.#map = new Map(this.#map);
      this.#gone = 0;
    }
    this.#map.set(key, value);
  }

  delete(key: K): boolean {
    const had = this.#map.delete(key);
    if (had) this.#gone++;
    return had;
  }

  clear(): void {
    this.#map = new Map();
  }

  keys(): MapIterator<K> {
    return this.#map.keys();
  }

  values(): MapIterator<V> {
    return this.#map.values();
  }
}
