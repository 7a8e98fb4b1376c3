/**
 * What a worker has to tell its broker, sent as group commits: while one batch is under way the next
 * one gathers, so the busier the worker, the fewer the round trips. What could not be sent is kept;
 * a claim's token makes it safe to send late or twice.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type Broker, BrokerUnavailableError, type Report, type Settlement } from "./broker.ts";

const RETRY_EVERY_MS = 500;
/** Reports kept while the broker is away; beyond it the oldest are given up. */
const MAX_REPORTS = 1000;
/** Settlements and reports in one batch: a bound on how long a script holds the broker. */
const MAX_BATCH = 500;

export interface OutboxListener {
  /** `accepted` is false where the claim no longer held. */
  onSettled(settlement: Settlement, accepted: boolean): void;
  /** A report was refused: the claim no longer holds. */
  onRefused(id: string): void;
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
      try {
        const [reported, settled] = await Promise.all([
          reports.length > 0 ? this.broker.report(this.worker, reports) : [],
          settlements.length > 0 ? this.broker.settle(this.worker, settlements) : [],
        ]);
        reports.forEach(({ id }, i) => reported[i] || this.listener.onRefused(id));
        settlements.forEach((each, i) => this.listener.onSettled(each, settled[i] ?? false));
      } catch (error) {
        this.listener.onError(error);
        if (error instanceof BrokerUnavailableError) {
          this.#reports.unshift(...reports);
          this.#settlements.unshift(...settlements);
        } else {
          // Not to be sent ever: let go, and the next heartbeats hand the tasks back.
          for (const each of settlements) this.listener.onSettled(each, false);
        }
        await sleep(RETRY_EVERY_MS);
      }
    }
    this.#sending = undefined;
  }
}
