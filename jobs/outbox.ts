/**
 * What a worker has to tell its broker, sent as group commits: while one batch is under way the next
 * one gathers, so the busier the worker, the fewer the round trips. What could not be sent is kept;
 * a claim's token makes it safe to send late or twice.
 */

import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { ChurnMap } from "../lib/churn_map.ts";
import { type Broker, BrokerUnavailableError, type Report, type Settlement } from "./broker.ts";
import { toTaskError } from "./errors.ts";

const RETRY_EVERY_MS = 500;
/** Reports kept while the broker is away; beyond it the oldest are given up. */
const MAX_REPORTS = 1000;
/** Settlements and reports in one batch: a bound on how long a script holds the broker. */
const MAX_BATCH = 500;
/** Of JSON in one batch, unless one alone has more. */
const MAX_BATCH_CHARS = 4 * 1024 * 1024;
/** With so much unsent, the worker had better take nothing more. */
const FULL = { settlements: 5000, chars: 64 * 1024 * 1024 };

export interface OutboxListener {
  /**
   * @param accepted false where the claim no longer held
   * @param again it was sent before and not answered, so that it may have been accepted then
   */
  onSettled(settlement: Settlement, accepted: boolean, again: boolean): void;
  /** A report was refused: the claim no longer holds. */
  onRefused(id: string, token: number): void;
  onError(error: unknown): void;
}

interface Unsent {
  settlement: Settlement;
  chars: number;
  again: boolean;
}

export class Outbox {
  #reports: Report[] = [];
  /** By task: what is settled twice is sent once, and of two claims of a task only the later can hold. */
  readonly #unsent = new ChurnMap<string, Unsent>();
  #unsentChars = 0;
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(
    private readonly broker: Broker,
    private readonly worker: string,
    private readonly listener: OutboxListener,
  ) {}

  /** Whether it has more to send than it should ever come to. */
  get isFull(): boolean {
    return this.#unsent.size >= FULL.settlements || this.#unsentChars >= FULL.chars;
  }

  report(reports: Report[]): void {
    this.#reports.push(...reports);
    if (this.#reports.length > MAX_REPORTS) this.#reports.splice(0, reports.length);
    this.#sending ??= this.#send();
  }

  settle(settlement: Settlement): void {
    const { id, token, outcome } = settlement;
    const known = this.#unsent.get(id);
    // The later claim has the greater token, but after a failover to a Redis that had not heard of the other.
    if (known?.settlement.token === token) return;
    const chars = outcome.state === "SUCCESS" ? outcome.result.length : 0;
    this.#unsent.set(id, { settlement, chars, again: false });
    this.#unsentChars += chars - (known?.chars ?? 0);
    this.#sending ??= this.#send();
  }

  /** Resolves when all has been sent, or after so long; nothing is sent from then on. */
  async close(timeoutMs: number): Promise<void> {
    const late = new AbortController();
    const timeout = sleep(timeoutMs, undefined, { signal: late.signal }).catch(() => {});
    await Promise.race([this.#sending, timeout]);
    late.abort();
    this.#closed = true;
    await this.#sending;
  }

  async #send(): Promise<void> {
    for (;;) {
      // All that happens in this turn of the event loop goes into one batch, and the claim that asks for
      // more goes before it. Redis answers together what it has read together, so a batch that went along
      // with the claim would hold up the tasks that the worker could run while the batch is taken in.
      await setImmediate();
      if (this.#closed || this.#reports.length + this.#unsent.size === 0) break;
      const reports = batch(this.#reports, charsOf);
      this.#reports.splice(0, reports.length);
      // A task's last report goes before its settlement: those left behind hold it back.
      const unsent = this.#reports.length > 0
        ? []
        : batch(this.#unsent.values(), ({ chars }) => chars);
      if (await this.#attempt(() => this.#sendReports(reports))) {
        if (await this.#attempt(() => this.#sendSettlements(unsent))) continue;
        for (const each of unsent) each.again = true;
      } else {
        this.#reports.unshift(...reports);
      }
      await sleep(RETRY_EVERY_MS);
    }
    this.#sending = undefined;
  }

  /** False where the broker was away, so that it is worth trying again. */
  async #attempt(call: () => Promise<void>): Promise<boolean> {
    try {
      await call();
      return true;
    } catch (error) {
      this.listener.onError(error);
      return !(error instanceof BrokerUnavailableError);
    }
  }

  async #sendReports(reports: Report[]): Promise<void> {
    if (reports.length === 0) return;
    const accepted = await this.broker.report(this.worker, reports);
    reports.forEach(({ id, token }, i) => accepted[i] || this.listener.onRefused(id, token));
  }

  async #sendSettlements(unsent: Unsent[]): Promise<void> {
    if (unsent.length === 0) return;
    const settlements = unsent.map(({ settlement }) => settlement);
    try {
      const accepted = await this.broker.settle(this.worker, settlements);
      unsent.forEach((each, i) => this.#sent(each, accepted[i] ?? false));
    } catch (error) {
      if (error instanceof BrokerUnavailableError) throw error;
      // One that the broker cannot take must not hold up the others, nor run for ever.
      const [first, ...rest] = unsent;
      if (first && rest.length === 0) return await this.#sendFailure(first, error);
      for (const each of unsent) await this.#sendSettlements([each]);
    }
  }

  /** Tells the broker that it could not take an outcome; if it takes not even that, lets go of it. */
  async #sendFailure(unsent: Unsent, cause: unknown): Promise<void> {
    const { settlement } = unsent;
    const outcome = { state: "FAILURE", error: toTaskError(cause) } as const;
    let accepted = false;
    try {
      accepted = (await this.broker.settle(this.worker, [{ ...settlement, outcome }]))[0] ?? false;
    } catch (error) {
      if (error instanceof BrokerUnavailableError) throw error;
      this.listener.onError(error);
    }
    this.#sent(unsent, accepted);
  }

  #sent(unsent: Unsent, accepted: boolean): void {
    const { settlement, chars, again } = unsent;
    if (this.#unsent.get(settlement.id) === unsent) {
      this.#unsent.delete(settlement.id);
      this.#unsentChars -= chars;
    }
    this.listener.onSettled(settlement, accepted, again);
  }
}

function charsOf({ log, progress }: Report): number {
  return (log?.length ?? 0) + (progress?.meta?.length ?? 0);
}

/** The first of a list that go into one batch. */
function batch<T>(items: Iterable<T>, lengthOf: (item: T) => number): T[] {
  const first: T[] = [];
  let chars = 0;
  for (const item of items) {
    chars += lengthOf(item);
    if (first.length === MAX_BATCH || first.length > 0 && chars > MAX_BATCH_CHARS) break;
    first.push(item);
  }
  return first;
}
