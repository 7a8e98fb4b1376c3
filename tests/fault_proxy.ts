/** A TCP proxy that can do to connections what networks do to them. */

import { setTimeout as sleep } from "node:timers/promises";

/** Enough for the other end to do what it was asked. */
const TO_DO_IT_MS = 100;

/**
 * What becomes of bytes: they pass; they vanish without a word, those of one direction or of both; or
 * connections are closed as soon as they open. A direction in which bytes have vanished is dead for
 * good, as when a router has forgotten the connection.
 */
export type Fault = "none" | "questions vanish" | "answers vanish" | "all vanishes" | "refused";

export class FaultProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #running = new Set<Promise<void>>();
  #fault: Fault = "none";
  #cutAfter: RegExp | undefined;
  /** Milliseconds that each piece is late. */
  delayMs = 0;
  /** How fast bytes go each way; Infinity for no limit. */
  bytesPerSecond = Infinity;

  /** @param target the port on this machine where connections lead to, from when it is set */
  constructor(public target: number) {
    this.#track(this.#accept());
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  set fault(fault: Fault) {
    this.#fault = fault;
    if (fault === "refused") this.cut();
  }

  /** Closes all connections. */
  cut(): void {
    for (const conn of this.#open) close(conn);
    this.#open.clear();
  }

  /** Cuts the connection on which this is asked next, when the other end has done it but not answered. */
  cutAfter(asked: RegExp): void {
    this.#cutAfter = asked;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await Promise.all(this.#running);
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    work.finally(() => this.#running.delete(work));
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      if (this.#fault === "refused") close(client);
      else this.#track(this.#join(client));
    }
  }

  async #join(client: Deno.Conn): Promise<void> {
    this.#open.add(client);
    let server;
    try {
      server = await Deno.connect({ hostname: "127.0.0.1", port: this.target });
    } catch {
      return close(client); // as if it had been refused
    }
    this.#open.add(server);
    const [questions, answers] = [new Direction(client, server), new Direction(server, client)];
    await Promise.race([
      this.#pass(questions, "questions vanish", (piece) => {
        if (!this.#cutAfter?.test(new TextDecoder().decode(piece))) return;
        this.#cutAfter = undefined;
        answers.dead = true;
        this.#track(sleep(TO_DO_IT_MS).then(() => close(client)));
      }),
      this.#pass(answers, "answers vanish"),
    ]);
    for (const conn of [client, server]) {
      close(conn);
      this.#open.delete(conn);
    }
  }

  async #pass(way: Direction, fault: Fault, look?: (piece: Uint8Array) => void): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      while (true) {
        const size = await way.from.read(buffer);
        if (size === null) return;
        const piece = buffer.slice(0, size);
        look?.(piece);
        way.dead ||= this.#fault === fault || this.#fault === "all vanishes";
        if (way.dead) continue;
        const ms = this.delayMs + 1000 * size / this.bytesPerSecond;
        if (ms > 0) await sleep(ms);
        for (let sent = 0; sent < size;) sent += await way.to.write(piece.subarray(sent));
      }
    } catch {
      // Closed by either end, or cut.
    }
  }
}

class Direction {
  dead = false;
  constructor(readonly from: Deno.Conn, readonly to: Deno.Conn) {}
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed before.
  }
}
