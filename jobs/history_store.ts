/** What samples over time need of a store. What a sample says is JSON text that no store looks into. */

/** How often a sample is taken. */
export const SAMPLE_EVERY_MS = 10_000;

/**
 * The samples that are kept: all of an hour, and of 8 days the first of each 5 minutes, with some to
 * spare for those who read differences.
 */
export const SERIES = [
  { everyMs: SAMPLE_EVERY_MS, kept: 370 },
  { everyMs: 300_000, kept: 2310 },
] as const;

/** A sample as it is stored. */
export interface StoredSample {
  /** When it was begun: a Unix time in milliseconds on the broker's clock. */
  at: number;
  body: string;
}

export interface SampleStore {
  /**
   * Begins the sample of the present step of SAMPLE_EVERY_MS, once for all who ask.
   * @returns the broker's time for the one who is to `put` it, and null for the others; and
   *   milliseconds until the next step
   */
  begin(): Promise<{ at: number | null; waitMs: number }>;
  /** Stores a sample, unless there is one of that step or a later one. */
  put(sample: StoredSample): Promise<void>;
  /**
   * The first sample in each of the last steps, the oldest first; where there was none, it is missing.
   * @param stepMs a multiple of SAMPLE_EVERY_MS, and beyond an hour of 5 minutes
   * @param steps how many, the present one included
   */
  read(stepMs: number, steps: number): Promise<StoredSample[]>;
}

/** Of several series the one to read steps of this length from. */
export function seriesFor(stepMs: number): (typeof SERIES)[number] {
  return SERIES.findLast(({ everyMs }) => everyMs <= stepMs) ?? SERIES[0];
}
