/**
 * Compares what a worker holds with what its broker says that it holds. The two differ where a worker
 * was taken for lost, and where the answer to a claim never came.
 */

export interface Claim {
  id: string;
  token: number;
}

export class Reconciler {
  /** Held by the broker's account only → the claims begun by then, each of which may yet answer it. */
  #suspects = new Map<string, number>();
  #begun = 0;
  #ended = 0;

  claimBegins(): void {
    this.#begun++;
  }

  claimEnds(): void {
    this.#ended++;
  }

  /**
   * @param mine id → token, from before the broker was asked
   * @param isHeld whether the worker knows a task by now
   * @returns the tasks that are not this worker's any more, and those that it never heard of: they
   *   were on two lists in a row, and no claim that could have been theirs is under way
   */
  compare(
    mine: Map<string, number>,
    theirs: Claim[],
    isHeld: (id: string) => boolean,
  ): { lost: Claim[]; unheard: Claim[] } {
    const tokens = new Map(theirs.map(({ id, token }) => [id, token]));
    const lost = [...mine].filter(([id, token]) => tokens.get(id) !== token)
      .map(([id, token]) => ({ id, token }));

    const suspects = new Map<string, number>();
    const unheard: Claim[] = [];
    for (const { id, token } of theirs) {
      if (isHeld(id)) continue;
      const key = `${id} ${token}`;
      const since = this.#suspects.get(key);
      suspects.set(key, since ?? this.#begun);
      if (since !== undefined && this.#ended >= since) unheard.push({ id, token });
    }
    this.#suspects = suspects;
    return { lost, unheard };
  }
}
