/** Counting which values occur how often, in bounded memory. */

/**
 * Exact until the different values outgrow the bounds. From then on it follows Misra and Gries: a
 * value for which there is no room takes one from every count instead. What is kept are then the
 * most frequent values, each with a count that is at most too low.
 */
export class Frequencies {
  #counts = new Counts();
  #distinct = 0;
  #exact = true;

  /**
   * @param maxValues how many different values it may keep
   * @param maxChars how long all of them together may be
   */
  constructor(private readonly maxValues: number, private readonly maxChars: number) {}

  /** Whether nothing had to be dropped. If not, `distinct` and all counts are lower bounds. */
  get exact(): boolean {
    return this.#exact;
  }

  /** How many different values there are. */
  get distinct(): number {
    return this.#distinct;
  }

  add(value: string): void {
    const known = this.#counts.find(value);
    if (known) {
      known.count++;
      return;
    }
    const { size, chars } = this.#counts;
    this.#distinct = Math.max(this.#distinct, size + 1);
    if (size < this.maxValues && chars + value.length <= this.maxChars) {
      this.#counts.insert(value, 1);
    } else {
      this.#takeOneFromEach();
    }
  }

  /** The most frequent values, the first in the alphabet where counts are equal. */
  top(limit: number): Count[] {
    return [...this.#counts.all()]
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      .slice(0, limit);
  }

  /** Costs no more in all than the additions did, since it takes back what they gave. */
  #takeOneFromEach(): void {
    this.#exact = false;
    const before = this.#counts;
    this.#counts = new Counts();
    for (const { value, count } of before.all()) {
      if (count > 1) this.#counts.insert(value, count - 1);
    }
  }
}

interface Count {
  value: string;
  count: number;
}

/**
 * A Map by text that stays fast over millions of different texts. V8 interns the strings that a Map
 * is asked for, all in one table that then crawls; numbers it does not, hence the hashes as keys.
 */
class Counts {
  readonly #byHash = new Map<number, Count>();
  chars = 0;

  get size(): number {
    return this.#byHash.size;
  }

  all(): Iterable<Count> {
    return this.#byHash.values();
  }

  find(value: string): Count | undefined {
    return this.#byHash.get(this.#slot(value));
  }

  /** Takes a value that it does not have yet. */
  insert(value: string, count: number): void {
    this.#byHash.set(this.#slot(value), { value, count });
    this.chars += value.length;
  }

  /** Where the value is or, if it is not there, would be: at its hash or the next that is free. */
  #slot(value: string): number {
    let slot = hash(value);
    while (true) {
      const there = this.#byHash.get(slot);
      if (there === undefined || there.value === value) return slot;
      slot++;
    }
  }
}

/** FNV-1a over UTF-16 units, as 30 bits. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 2;
}
