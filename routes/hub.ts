/** One subscription to the broker's events for all the watchers of this process. */

import type { Broker, Subscription } from "../jobs/broker.ts";
import type { TaskEvent } from "../jobs/wire.ts";
import { Problem } from "./problem.ts";

/** An event on its way to many: made into JSON once, when the first needs it. */
export class SharedEvent {
  #json: string | undefined;

  constructor(readonly event: TaskEvent) {}

  get json(): string {
    return this.#json ??= JSON.stringify(this.event);
  }
}

/** Who hears events. */
export interface Listener {
  receive(shared: SharedEvent): void;
  /** Events may have been missed: read them again. */
  missed(): void;
  close(code: number, reason: string): void;
}

/**
 * Fans the broker's events out, by task id. The subscription is open while anyone listens, so that
 * a server without watchers does not carry the traffic of a busy queue.
 */
export class Hub {
  readonly #listeners = new Set<Listener>();
  readonly #ofAll = new Set<Listener>();
  readonly #ofTask = new Map<string, Set<Listener>>();
  #subscription: Promise<Subscription> | undefined;
  #closing = false;

  constructor(private readonly broker: Broker) {}

  /**
   * Opens the subscription unless it is open. Listeners that join after this miss nothing.
   * @throws {BrokerUnavailableError}
   * @throws {Problem} 503, the server is stopping
   */
  async ready(): Promise<void> {
    if (this.#closing) throw new Problem(503, "The server is stopping");
    await (this.#subscription ??= this.#subscribe());
  }

  join(listener: Listener): void {
    if (this.#closing) return listener.close(...GOING_AWAY);
    this.#listeners.add(listener);
    if (this.#subscription) return;
    // The last of the others has left since `ready`.
    this.ready().then(() => listener.missed(), () => listener.close(1013, "The broker is away"));
  }

  leave(listener: Listener): void {
    this.#listeners.delete(listener);
    this.#ofAll.delete(listener);
    if (this.#listeners.size === 0) this.#unsubscribe();
  }

  listen(id: string, listener: Listener): void {
    const listeners = this.#ofTask.get(id);
    if (listeners) listeners.add(listener);
    else this.#ofTask.set(id, new Set([listener]));
  }

  unlisten(id: string, listener: Listener): void {
    const listeners = this.#ofTask.get(id);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#ofTask.delete(id);
  }

  listenToAll(listener: Listener): void {
    this.#ofAll.add(listener);
  }

  unlistenToAll(listener: Listener): void {
    this.#ofAll.delete(listener);
  }

  /** Sends every listener away, for good. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const listener of [...this.#listeners]) listener.close(...GOING_AWAY);
    await this.#unsubscribe();
  }

  #subscribe(): Promise<Subscription> {
    const subscription = this.broker.subscribe({
      onEvents: (events) => this.#deliver(events),
      onGap: () => {
        for (const listener of this.#listeners) listener.missed();
      },
    });
    subscription.catch(() => {
      if (this.#subscription === subscription) this.#subscription = undefined;
    });
    return subscription;
  }

  async #unsubscribe(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    try {
      await (await subscription)?.close();
    } catch {
      // It was not open, and whoever asked for it has been told.
    }
  }

  #deliver(events: TaskEvent[]): void {
    for (const event of events) {
      const listeners = this.#ofTask.get(event.task_id);
      if (!listeners && this.#ofAll.size === 0) continue;
      const shared = new SharedEvent(event);
      for (const listener of listeners ?? []) listener.receive(shared);
      for (const listener of this.#ofAll) listener.receive(shared);
    }
  }
}

const GOING_AWAY = [1001, "The server is stopping"] as const;
