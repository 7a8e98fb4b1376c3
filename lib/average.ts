/** Of a new value in the average. */
const WEIGHT = 0.2;

/** An average in which the latest values count most; Infinity before there is one. */
export class Average {
  #value = Infinity;

  get value(): number {
    return this.#value;
  }

  add(value: number): void {
    const old = this.#value;
    this.#value = old === Infinity ? value : old * (1 - WEIGHT) + value * WEIGHT;
  }

  forget(): void {
    this.#value = Infinity;
  }
}
