/** What is wrong, in plain words: one line for each kind of mistake, with a few examples. */

const EXAMPLES = 3;

export class Findings {
  readonly #examples = new Map<string, string[]>();
  readonly #counts = new Map<string, number>();

  /** @param example which one it is, for a mistake that can be made more than once */
  add(mistake: string, example?: string): void {
    this.#counts.set(mistake, (this.#counts.get(mistake) ?? 0) + 1);
    const examples = this.#examples.get(mistake) ?? [];
    this.#examples.set(mistake, examples);
    if (example !== undefined && examples.length < EXAMPLES) examples.push(example);
  }

  lines(): string[] {
    return [...this.#examples].map(([mistake, examples]) => {
      if (examples.length === 0) return mistake;
      const more = (this.#counts.get(mistake) ?? 0) - examples.length;
      return `${mistake}: ${examples.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
    });
  }
}
