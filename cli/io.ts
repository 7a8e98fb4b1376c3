/** Where a command writes, so that tests can read it. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Whether `out` is a terminal that can redraw a line. */
  interactive: boolean;
  /** Asks on the terminal, where there is one. */
  confirm?(question: string): boolean;
  /** Asks on the terminal without showing what is typed, or reads a line where there is no terminal. */
  secret?(question: string): string | null;
}

/** An error of the user's: said in one line, exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}
