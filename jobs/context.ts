/** What task code sees of its run, on whichever thread it runs. */

import { Buffer } from "node:buffer";
import type { Claimed } from "./broker.ts";
import { abortError, type AbortReason } from "./pool.ts";
import type { TaskContext } from "./task.ts";
import type { Json } from "./wire.ts";

/** Twenty reports a second and task; what comes between is merged. */
const REPORT_EVERY_MS = 50;
/** Stage changes are kept apart, up to this many between two reports. */
const MAX_UPDATES = 20;
const MAX_META_BYTES = 16 * 1024;
const MAX_STAGE_CHARS = 200;
/** Per report. */
const MAX_LOG_CHARS = 16 * 1024;

/** Progress and log lines since the last report, in the order in which they came. */
export interface Update {
  /** `stage` and `meta` (JSON text) are null where none was given. */
  progress?: { percent: number; stage: string | null; meta: string | null };
  log?: string;
}

/** What of a claim its run needs to know. */
export type Work = Pick<
  Claimed,
  "id" | "name" | "args" | "attempt" | "retries" | "maxRetries"
>;

export class Context implements TaskContext {
  readonly id: string;
  readonly attempt: number;
  readonly retries: number;
  #updates: Update[] = [];
  #sentAt = -Infinity;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Made for who asks: most tasks never do. */
  #controller: AbortController | undefined;

  /** @param send takes updates; called at most every 50 ms, and once more by `close` */
  constructor(work: Work, private readonly send: (updates: Update[]) => void) {
    this.id = work.id;
    this.attempt = work.attempt;
    this.retries = work.retries;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  /** Asks the run to stop, by its signal. */
  abort(reason: AbortReason): void {
    (this.#controller ??= new AbortController()).abort(abortError(reason));
  }

  progress(percent: number, stage?: string, meta?: Json): void {
    if (!(percent >= 0 && percent <= 100)) {
      throw new RangeError(`progress must be from 0 to 100, not ${percent}`);
    }
    const metaText = meta === undefined ? null : JSON.stringify(meta);
    if (metaText !== null && Buffer.byteLength(metaText) > MAX_META_BYTES) {
      throw new RangeError(`progress meta must be at most ${MAX_META_BYTES} bytes of JSON`);
    }
    // Two decimals: what a progress bar can show.
    const progress = {
      percent: Math.round(percent * 100) / 100,
      stage: stage?.slice(0, MAX_STAGE_CHARS) ?? null,
      meta: metaText,
    };
    const last = this.#updates.at(-1);
    const sameStage = last?.progress === undefined || progress.stage === null ||
      progress.stage === last.progress.stage;
    if (last && (sameStage || this.#updates.length >= MAX_UPDATES)) {
      progress.stage ??= last.progress?.stage ?? null;
      progress.meta ??= last.progress?.meta ?? null;
      last.progress = progress;
    } else {
      this.#updates.push({ progress });
    }
    this.#report();
  }

  log(text: string): void {
    let last = this.#updates.at(-1);
    if (!last) this.#updates.push(last = {});
    const log = last.log === undefined ? text : `${last.log}\n${text}`;
    last.log = log.length > MAX_LOG_CHARS ? `${log.slice(0, MAX_LOG_CHARS)} […]` : log;
    this.#report();
  }

  /** Ends the run: sends what has not been sent; what leftover code says after this is ignored. */
  close(): void {
    this.#flush();
    this.#closed = true;
  }

  #flush(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#updates.length === 0 || this.#closed) return;
    this.#sentAt = performance.now();
    this.send(this.#updates);
    this.#updates = [];
  }

  // Code that never yields gets no timer: its own next call after the pause sends.
  #report(): void {
    const wait = this.#sentAt + REPORT_EVERY_MS - performance.now();
    if (wait <= 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), wait);
  }
}
