/** Enqueues the load, by HTTP and through a broker, and keeps what it was answered. */

import { setTimeout as sleep } from "node:timers/promises";
import {
  type Broker,
  BrokerUnavailableError,
  type Change,
  type NewTask,
} from "../../jobs/broker.ts";
import { Registry } from "../../jobs/registry.ts";
import { tasks } from "../../jobs/tasks/mod.ts";
import { isReady, type State } from "../../jobs/wire.ts";
import type { Findings } from "./findings.ts";
import { argsOf, type Call, type Group, load } from "./load.ts";

/** Longer than a server waits for its broker. */
const ANSWER_WITHIN_MS = 10_000;
const AGAIN_MS = 250;

export class Producer {
  readonly #registry = new Registry(tasks);
  /** By task id: what was acknowledged. */
  readonly accepted = new Map<string, Call>();
  /** By number: all that may exist, because it was at least tried. */
  readonly tried = new Map<number, Call>();
  /** The ids that were given to tasks before they were enqueued. */
  readonly given = new Set<string>();
  /** Batches whose answer did not come: each may exist, as a whole. */
  readonly unanswered: Call[][] = [];
  /** By task id: the state that a revocation was answered. */
  readonly revoked = new Map<string, State>();
  /** Tries that were answered with an error, or not at all. */
  failures = 0;
  readonly #pending = new Set<Promise<void>>();
  #urls = 0;

  constructor(
    private readonly broker: Broker,
    private readonly servers: string[],
    private readonly recorder: string,
    private readonly findings: Findings,
    private readonly signal: AbortSignal,
    private readonly onAccepted: (id: string, call: Call) => void,
  ) {}

  /** Enqueues what the seed says, for so long; what was not answered by then is still repeated. */
  async run(seed: number, rate: number, ms: number): Promise<void> {
    const started = performance.now();
    for (const group of load(seed, rate)) {
      if (group.atMs > ms) break;
      const wait = started + group.atMs - performance.now();
      if (wait > 1) await sleep(wait, undefined, { signal: this.signal });
      this.submit(group);
    }
  }

  submit(group: Group): void {
    for (const call of group.calls) this.tried.set(call.n, call);
    const done = this.#submit(group).catch((error) => {
      if (!this.signal.aborted) this.findings.add(`an enqueue failed for good: ${error}`);
    }).finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }

  /** Resolves when all was answered that is repeated until it is. */
  async answered(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #submit({ way, calls }: Group): Promise<void> {
    if (way === "batch") return await this.#batch(calls);
    for (const call of calls) {
      const id = way === "http" ? await this.#post(call) : await this.#enqueue(call);
      this.#accept(id, call);
      if (call.revokeAfterMs === undefined) continue;
      await sleep(call.revokeAfterMs, undefined, { signal: this.signal });
      const change = await this.#untilAnswered(() => this.broker.revoke(id));
      if (change === null) this.findings.add("an accepted task was unknown to revoke", id);
      else this.#noteRevoked(id, change);
    }
  }

  #accept(id: string, call: Call): void {
    const other = this.accepted.get(id);
    if (other && (call.unique === undefined || other.unique?.key !== call.unique.key)) {
      this.findings.add("two calls were answered with one task", `${other.n} and ${call.n}: ${id}`);
    }
    this.accepted.set(id, call);
    this.onAccepted(id, call);
  }

  #noteRevoked(id: string, { status }: NonNullable<Change>): void {
    if (!isReady(status)) this.findings.add(`a revocation was answered ${status}`, id);
    this.revoked.set(id, status);
  }

  async #enqueue(call: Call): Promise<string> {
    const { queue, priority, countdown, expires, concurrency, unique } = call;
    const prepared = await this.#registry.get(call.name).prepare(argsOf(call, this.recorder), {
      ...{ queue, priority, countdown, expires },
      ...{ unique: unique?.until, uniqueKey: unique?.key },
      ...{ concurrencyKey: concurrency?.key, concurrencyLimit: concurrency?.limit },
    });
    const task: NewTask = call.neverTwice ? { ...prepared, onLost: "fail" } : prepared;
    this.given.add(task.id);
    const [receipt] = await this.#untilAnswered(() => this.broker.enqueue([task]));
    return receipt?.id ?? "";
  }

  /** One request under one key, repeated until it is answered. */
  async #post(call: Call): Promise<string> {
    for (;;) {
      const body = await this.#request("/tasks", this.#body(call), {
        "idempotency-key": `${call.n}`,
      });
      if (body !== null) return (body as { task_id: string }).task_id;
      await sleep(AGAIN_MS, undefined, { signal: this.signal });
    }
  }

  /** A batch has no key, so it is not repeated. */
  async #batch(calls: Call[]): Promise<void> {
    const body = await this.#request("/tasks/batch", {
      tasks: calls.map((each) => this.#body(each)),
    });
    if (body === null) return void this.unanswered.push(calls);
    const { tasks } = body as { tasks: { task_id: string }[] };
    calls.forEach((call, i) => this.#accept(tasks[i]?.task_id ?? "", call));
  }

  #body(call: Call): unknown {
    const { name, queue, priority, countdown, expires, concurrency, unique } = call;
    return {
      ...{ name, queue, priority, countdown, expires, args: argsOf(call, this.recorder) },
      ...{ unique: unique?.until, unique_key: unique?.key },
      ...{ concurrency_key: concurrency?.key, concurrency_limit: concurrency?.limit },
    };
  }

  /** Asks the servers in turn; null where the answer was an error of theirs or did not come. */
  async #request(path: string, body: unknown, headers = {}): Promise<unknown> {
    const server = this.servers[this.#urls++ % this.servers.length] ?? "";
    try {
      const response = await fetch(server + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      const text = await response.text();
      if (response.ok) return JSON.parse(text);
      if (response.status < 500) this.findings.add(`a good request was refused: ${text}`);
    } catch {
      this.signal.throwIfAborted();
    }
    this.failures++;
    return null;
  }

  async #untilAnswered<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof BrokerUnavailableError)) throw error;
        this.failures++;
        await sleep(AGAIN_MS, undefined, { signal: this.signal });
      }
    }
  }
}
