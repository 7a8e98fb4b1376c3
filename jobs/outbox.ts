/**
 * What a worker has to tell its broker, sent as group commits: while one batch is under way the next
 * one gathers, so the busier the worker, the fewer the round trips. What could not be sent is kept;
 * a claim's token makes it safe to send late or twice.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type Broker, BrokerUnavailableError, type Report, type Settlement } from "./broker.ts";
import { toTaskError } from "./errors.ts";

const RETRY_EVERY_MS = 500;
/** Reports kept while the broker is away; beyond it the oldest are given up. */
const MAX_REPORTS = 1000;
/** Settlements and reports in one batch: a bound on how long a script holds the broker. */
const MAX_BATCH = 500;

export interface OutboxListener {
  /** `accepted` is false where the claim no longer held. */
  onSettled(settlement: Settlement, accepted: boolean): void;
  /** A report was refused: the claim no longer holds. */
  onRefused(id: string, token: number): void;
  onError(error: unknown): void;
}

export class Outbox {
  #reports: Report[] = [];
  #settlements: Settlement[] = [];
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(
    private readonly broker: Broker,
    private readonly worker: string,
    private readonly listener: OutboxListener,
  ) {}

  report(reports: Report[]): void {
    this.#reports.push(...reports);
    if (this.#reports.length > MAX_REPORTS) this.#reports.splice(0, reports.length);
    this.#sending ??= this.#send();
  }

  settle(settlement: Settlement): void {
    this.#settlements.push(settlement);
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
    // All that happens in this turn of the event loop goes into one batch.
    await Promise.resolve();
    while (!this.#closed && this.#reports.length + this.#settlements.length > 0) {
      const reports = this.#reports.splice(0, MAX_BATCH);
      // A task's last report goes before its settlement: those left behind hold it back.
      const settlements = this.#reports.length > 0 ? [] : this.#settlements.splice(0, MAX_BATCH);
      if (await this.#attempt(() => this.#sendReports(reports))) {
        if (await this.#attempt(() => this.#sendSettlements(settlements))) continue;
      } else {
        this.#reports.unshift(...reports);
      }
      this.#settlements.unshift(...settlements);
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

  async #sendSettlements(settlements: Settlement[]): Promise<void> {
    if (settlements.length === 0) return;
    try {
      const accepted = await this.broker.settle(this.worker, settlements);
      settlements.forEach((each, i) => this.listener.onSettled(each, accepted[i] ?? false));
    } catch (error) {
      if (error instanceof BrokerUnavailableError) throw error;
      // One that the broker cannot take must not hold up the others, nor run for ever.
      const [first, ...rest] = settlements;
      if (first && rest.length === 0) {
        const outcome = { state: "FAILURE", error: toTaskError(error) } as const;
        const [accepted] = await this.broker.settle(this.worker, [{ ...first, outcome }]);
        return this.listener.onSettled(first, accepted ?? false);
      }
      for (const each of settlements) await this.#sendSettlements([each]);
    }
  }
}
