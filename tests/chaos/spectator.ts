/**
 * Watches tasks live, as the page does: through a server's WebSocket, and after a lost connection
 * through another's, from the last number on. What it is told must have no gap and no repeat.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type ClientMessage, isReady, type ServerMessage } from "../../jobs/wire.ts";
import type { Findings } from "./findings.ts";

/** Tasks that one message asks for: a message may be 64 KiB. */
const MAX_ASKED = 500;
const AGAIN_MS = 250;
/** No task has this id. */
const NOBODY = "nobody";

export class Spectator implements AsyncDisposable {
  /** The number of the last event heard, of the tasks that have not ended. */
  readonly #last = new Map<string, number>();
  readonly #watched = new Set<string>();
  #socket: WebSocket | undefined;
  /** Whether the socket shows only what it was asked for. */
  #chosen = false;
  #closing = false;
  readonly #running: Promise<void>;
  /** Tasks whose end was seen. */
  ended = 0;
  connections = 0;

  constructor(private readonly servers: string[], private readonly findings: Findings) {
    this.#running = this.#run();
  }

  /** A task that is watched already is watched once. */
  watch(id: string): void {
    if (this.#watched.has(id)) return;
    this.#watched.add(id);
    this.#last.set(id, 0);
    if (this.#chosen && this.#socket?.readyState === WebSocket.OPEN) {
      this.#send({ subscribe: { [id]: 0 } });
    }
  }

  /** Those whose end was not seen yet. */
  get waiting(): string[] {
    return [...this.#last.keys()];
  }

  async #run(): Promise<void> {
    for (let i = 0; !this.#closing; i++) {
      const server = this.servers[i % this.servers.length] ?? "";
      const { promise: closed, resolve } = Promise.withResolvers<unknown>();
      const socket = this.#socket = new WebSocket(`${server.replace("http", "ws")}/ws`);
      socket.onopen = () => this.#opened();
      socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
      socket.onclose = resolve;
      await closed;
      if (!this.#closing) await sleep(AGAIN_MS);
    }
  }

  #opened(): void {
    this.connections++;
    if (this.#closing) return this.#socket?.close();
    // Until it has subscribed a socket shows every task: what comes before this answer is not asked for.
    this.#chosen = false;
    this.#send({ subscribe: [NOBODY] });
  }

  #choose(): void {
    this.#chosen = true;
    const ids = [...this.#last];
    while (ids.length > 0) {
      this.#send({ subscribe: Object.fromEntries(ids.splice(0, MAX_ASKED)) });
    }
  }

  #send(message: ClientMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #hear(message: ServerMessage): void {
    if (message.type === "unknown" && message.task_id === NOBODY) return this.#choose();
    if (message.type === "unknown") {
      this.findings.add("a server did not know an accepted task", message.task_id);
    }
    if (message.type !== "event" || !this.#chosen) return;
    const { task_id: id, seq, status } = message;
    const last = this.#last.get(id);
    if (last === undefined) return this.findings.add("a task's events went on after its end", id);
    if (seq !== last + 1) {
      this.findings.add("a watcher was told the wrong event", `${id}: ${seq} after ${last}`);
    }
    this.#last.set(id, seq);
    if (!isReady(status)) return;
    this.ended++;
    this.#last.delete(id);
    this.#send({ unsubscribe: [id] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#socket?.close();
    await this.#running;
  }
}
