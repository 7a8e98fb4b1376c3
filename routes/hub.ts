/** One subscription to the broker's events for all the watchers of this process. */

import type { Broker, Subscription } from "../jobs/broker.ts";
import type { TaskEvent } from "../jobs/wire.ts";
import { Problem } from "./problem.ts";
import { Pulse } from "./pulse.ts";

/** So long do messages wait for others, where a client takes several at once. */
const PULSE_MS = 10;

/** An event on its way to many: made into JSON once, when the first needs it. */
export class SharedEvent {
  #json: string | undefined;
  #message: string | undefined;

  constructor(readonly event: TaskEvent) {}

  get json(): string {
    return this.#json ??= JSON.stringify(this.event);
  }

  /** As a WebSocket tells it. */
  get message(): string {
    return this.#message ??= `{"type":"event",${this.json.slice(1)}`;
  }
}

/** Events that many are told together. */
export class SharedBatch {
  #json: string | undefined;

  constructor(readonly events: SharedEvent[]) {}

  get json(): string {
    return this.#json ??= `[${this.events.map(({ message }) => message).join()}]`;
  }
}

/** Who hears events. */
export interface Listener {
  receive(shared: SharedEvent): void;
  /** Instead of `receive`, of those who listen to all together. */
  receiveAll(batch: SharedBatch): void;
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
  readonly #together = new Set<Listener>();
  #batch: SharedEvent[] = [];
  readonly #ofTask = new Map<string, Set<Listener>>();
  #subscription: Promise<Subscription> | undefined;
  #closing = false;

  /** When those are told who are told of several things at once. */
  readonly pulse = new Pulse(PULSE_MS);

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
    this.unlistenToAll(listener);
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

  /** @param together whether events may wait for others, to be told of all at once */
  listenToAll(listener: Listener, together: boolean): void {
    if (!together) {
      this.#ofAll.add(listener);
      return;
    }
    this.tellTogether(); // what was before is not for this one
    this.#together.add(listener);
  }

  unlistenToAll(listener: Listener): void {
    this.#ofAll.delete(listener);
    this.#together.delete(listener);
  }

  /** Sends every listener away, for good. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const listener of [...this.#listeners]) listener.close(...GOING_AWAY);
    this.pulse.close();
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
      if (!listeners && this.#ofAll.size === 0 && this.#together.size === 0) continue;
      const shared = new SharedEvent(event);
      for (const listener of listeners ?? []) listener.receive(shared);
      for (const listener of this.#ofAll) listener.receive(shared);
      if (this.#together.size > 0) this.#batch.push(shared);
    }
    if (this.#batch.length > 0) this.pulse.ask(this.tellTogether);
  }

  /** Tells those who listen to all together what waits for others. */
  readonly tellTogether = (): void => {
    if (this.#batch.length === 0) return;
    const batch = new SharedBatch(this.#batch);
    this.#batch = [];
    for (const listener of this.#together) listener.receiveAll(batch);
  };
}

const GOING_AWAY = [1001, "The server is stopping"] as const;
