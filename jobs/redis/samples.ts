/** Samples over time in Redis. */

import {
  SAMPLE_EVERY_MS,
  type SampleStore,
  SERIES,
  seriesFor,
  type StoredSample,
} from "../history_store.ts";
import { type Script, scripts } from "./scripts.ts";

export class RedisSamples implements SampleStore {
  constructor(
    private readonly run: (script: Script, args: (string | number)[]) => Promise<unknown>,
  ) {}

  async begin(): Promise<{ at: number | null; waitMs: number }> {
    type Reply = [at: number | null, waitMs: number];
    const [at, waitMs] = await this.run(scripts.sampleBegin, [SAMPLE_EVERY_MS]) as Reply;
    return { at, waitMs };
  }

  async put({ at, body }: StoredSample): Promise<void> {
    const series = SERIES.flatMap(({ everyMs, kept }) => [everyMs, kept]);
    await this.run(scripts.samplePut, [at, body, ...series]);
  }

  async read(stepMs: number, steps: number): Promise<StoredSample[]> {
    const { everyMs } = seriesFor(stepMs);
    const newestFirst = await this.run(scripts.samples, [everyMs, stepMs, steps]) as string[];
    return newestFirst.reverse().map((sample) => {
      const space = sample.indexOf(" ");
      return { at: Number(sample.slice(0, space)), body: sample.slice(space + 1) };
    });
  }
}
