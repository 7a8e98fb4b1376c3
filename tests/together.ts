/** Cases that mostly wait, each with a store of its own, so that they can be run at the same time. */

/** Runs all of them as one test, which fails with the first that fails, when all have ended. */
export function together(name: string, cases: Record<string, () => Promise<void>>): void {
  Deno.test(name, async () => {
    const results = await Promise.allSettled(
      Object.entries(cases).map(async ([what, run]) => {
        try {
          await run();
        } catch (error) {
          // What went wrong first tells more than what then went wrong while cleaning up.
          let cause = error;
          while (cause instanceof SuppressedError) cause = cause.suppressed;
          throw new Error(what, { cause });
        }
      }),
    );
    for (const result of results) if (result.status === "rejected") throw result.reason;
  });
}
