/**
 * What flow control promises, seen from outside: how many tasks of a key or a queue ran at the same time,
 * how fast those of a name were started, and that no two tasks kept the same unique key.
 */

import type { Broker } from "../../jobs/broker.ts";
import { isReady, type Rate, type Task, type TaskEvent } from "../../jobs/wire.ts";
import type { Findings } from "./findings.ts";
import type { Call } from "./load.ts";
import type { Run } from "./trail.ts";

/** Set at run time, so for what every way of enqueueing brings. */
const LIMITED_TASK = { name: "count_primes", rate: "6/s" as Rate, everyMs: 1000 / 6 };
/** Of this many milliseconds all may start at once, as the manual says; and clocks are whole ones. */
const BURST_MS = 100 + 2;
export const LIMITED_QUEUE = "test-queue";
const QUEUE_LIMIT = 3;

interface Span {
  from: number;
  to: number;
  id: string;
}

export class Flow {
  /** What takes turns, by what it is. */
  readonly #spans = new Map<string, { limit: number; spans: Span[] }>();
  readonly #starts: number[] = [];

  static async setUp(broker: Broker): Promise<void> {
    await broker.limitTask(LIMITED_TASK.name, { rateLimit: LIMITED_TASK.rate });
    await broker.limitQueue(LIMITED_QUEUE, { concurrencyLimit: QUEUE_LIMIT });
  }

  note(call: Call, task: Task, events: TaskEvent[], runs: Run[]): void {
    const { task_id: id, name, queue } = task;
    const { concurrency, unique } = call;
    for (const { from, to } of runs) {
      if (concurrency) {
        this.#add(`concurrency key ${concurrency.key}`, concurrency.limit, { from, to, id });
      }
      if (queue === LIMITED_QUEUE) this.#add(`queue ${queue}`, QUEUE_LIMIT, { from, to, id });
      if (name === LIMITED_TASK.name) this.#starts.push(from);
    }
    if (!unique) return;
    const from = Date.parse(task.created_at);
    const freed = events.find(({ status }) =>
      isReady(status) && (unique.until === "end" || status === "REVOKED") ||
      status === "STARTED" && unique.until === "start"
    );
    const freedAt = freed ? Date.parse(freed.at) : Infinity;
    const timedOutAt = typeof unique.until === "number" ? from + unique.until * 1000 : Infinity;
    this.#add(`unique key ${unique.key}`, 1, { from, to: Math.min(freedAt, timedOutAt), id });
  }

  check(findings: Findings): void {
    for (const [what, { limit, spans }] of this.#spans) {
      const most = mostAtOnce(spans);
      if (most.length > limit) {
        findings.add(
          `${what} allows ${limit}, and ${most.length} were at once`,
          most.join(" and "),
        );
      }
    }
    const starts = this.#starts.toSorted((a, b) => a - b);
    let latest = -Infinity; // of a schedule that would be exact
    for (const [i, at] of starts.entries()) {
      const offset = at - i * LIMITED_TASK.everyMs;
      if (latest - offset > BURST_MS) {
        findings.add(
          `${LIMITED_TASK.name} is limited to ${LIMITED_TASK.rate} and was started sooner`,
          `${Math.round(latest - offset)} ms`,
        );
      }
      latest = Math.max(latest, offset);
    }
  }

  #add(what: string, limit: number, span: Span): void {
    const group = this.#spans.get(what) ?? { limit, spans: [] };
    this.#spans.set(what, group);
    group.spans.push(span);
  }
}

/** The ids of the most that were there at the same time. What ends in a millisecond ends before others begin. */
function mostAtOnce(spans: Span[]): string[] {
  const edges = spans.flatMap((span) => [
    { at: span.from, begins: true, span },
    { at: Math.max(span.from, span.to), begins: false, span },
  ]).toSorted((a, b) => a.at - b.at || Number(a.begins) - Number(b.begins));
  const there = new Set<Span>();
  let most: string[] = [];
  for (const { begins, span } of edges) {
    if (begins && span.to > span.from) there.add(span);
    else there.delete(span);
    if (there.size > most.length) most = [...there].map(({ id }) => id);
  }
  return most;
}
