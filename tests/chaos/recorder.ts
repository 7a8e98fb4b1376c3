/**
 * Where webhooks go: counts the side effects of each task outside of any broker, and behaves as the
 * task's body says, so that the program's own tasks can be short, long, failing or hopeless.
 */

import { setTimeout as sleep } from "node:timers/promises";

interface Order {
  /** Milliseconds until the answer. */
  ms?: number;
  /** Answer 503 so often before it works. */
  fail?: number;
  /** Seconds to wait after a 503. */
  after?: number;
  /** Answer this status whatever happens. */
  status?: number;
}

export interface Effects {
  /** Of the task that called. */
  id: string;
  /** When each call came, by Unix time in ms. */
  calls: number[];
  /** More than one task has called under this mark. */
  mixed: boolean;
}

export class Recorder implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #effects = new Map<number, Effects>();

  constructor() {
    const options = {
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
      // A caller who was killed in the middle of a request hears no answer.
      onError: () => new Response(null, { status: 500 }),
    };
    this.#server = Deno.serve(options, (request) => this.#handle(request));
  }

  get host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  /** What has been seen of the task with this mark. */
  of(n: number): Effects | undefined {
    return this.#effects.get(n);
  }

  /** The marks that have been seen. */
  marks(): Iterable<number> {
    return this.#effects.keys();
  }

  async #handle(request: Request): Promise<Response> {
    const n = Number(new URL(request.url).pathname.slice(1));
    const id = request.headers.get("idempotency-key") ?? "";
    const effects = this.of(n) ?? { id, calls: [], mixed: false };
    this.#effects.set(n, effects);
    if (effects.id !== id) effects.mixed = true;
    const calls = effects.calls.push(Date.now());
    const { ms = 0, fail = 0, after = 0, status = 200 } = await request.json() as Order;
    if (ms > 0) await sleep(ms);
    if (calls <= fail) {
      return new Response("not now", { status: 503, headers: { "retry-after": `${after}` } });
    }
    return new Response(`call ${calls}`, { status });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
