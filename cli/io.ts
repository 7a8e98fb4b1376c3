/** Where a command writes, so that tests can read it. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Whether `out` is a terminal that can redraw a line. */
  interactive: boolean;
  /** Asks on the terminal, where there is one. */
  confirm?(question: string): boolean;
}

/** An error of the user's: said in one line, exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}
