/**
 * What a broker promises, on plain objects: the calls of jobs/broker.ts, one item at a time. A task has
 * one state and at most one worker, so a broker that behaves like this loses none, ends each once and
 * gives none to two. Time does not pass here: what is past is past, what is to come never comes.
 */

import type { Change, Claimed, NewTask, Receipt, Report } from "../jobs/broker.ts";
import type { Settlement, When } from "../jobs/broker.ts";
import { isReady, type Json, PRIORITIES, type QueueInfo, type State } from "../jobs/wire.ts";
import type { TaskError } from "../jobs/wire.ts";
import { accepted, NOT_ENDED, NOT_STARTED, type Seen, type SeenEvent } from "./broker_seen.ts";

interface ModelTask {
  readonly given: NewTask;
  readonly seen: Seen;
  /** Of those that wait in one queue and priority the lowest goes first, equal ones in any order. */
  order: number;
  /** Whether it waits for its time: for one that never comes here, or until the next `promote`. */
  delay: "none" | "long" | "over";
  isExpired: boolean;
  /** The later it ended, the higher. */
  ended: number;
}

/** The order of what is handed back: before all others, which count from 1. */
const FRONT = 0;
/** While several priorities wait, every tenth turn is the lowest one's. */
const LOW_TURN = 10;

export class Model {
  /** Those not forgotten, in the order in which they were accepted. */
  readonly tasks = new Map<string, ModelTask>();
  /** All that happened to any task. */
  readonly events: SeenEvent[] = [];
  /** What workers were told to stop: `worker id token`. */
  readonly revoked: string[] = [];
  /** `enqueued`, and how runs ended: `outcome queue name`. */
  readonly counts = new Map<string, number>();
  readonly #queues = new Map<string, { paused: boolean; turns: number }>();
  readonly #keys = new Map<string, string>();
  readonly #workers = new Set<string>();
  #last = 0;

  enqueue(given: NewTask): Receipt {
    const { id, name, args, idempotencyKey: key = "" } = given;
    const first = this.tasks.get(this.#keys.get(key) ?? "");
    const known = first ?? this.tasks.get(id);
    if (known) {
      const { task_id, status } = known.seen;
      const same = task_id === id || (known.given.name === name && known.given.args === args);
      return { id: task_id, status, created: false, conflict: !same };
    }
    if (key !== "") this.#keys.set(key, id);
    const { eta, expires } = given;
    const task: ModelTask = {
      given,
      seen: accepted(given),
      order: ++this.#last,
      delay: eta && !isPast(eta) ? "long" : "none",
      isExpired: expires !== undefined && isPast(expires),
      ended: 0,
    };
    this.tasks.set(id, task);
    this.#queue(given.queue);
    this.#count("enqueued");
    this.#emit(task);
    return { id, status: "PENDING", created: true, conflict: false };
  }

  revoke(id: string): Change {
    return this.#change(id, false, (task) => {
      if (isHeld(task)) this.revoked.push(`${task.seen.worker} ${id} ${task.seen.deliveries}`);
      this.#revoke(task, "revoked");
    });
  }

  retry(id: string): Change {
    return this.#change(id, true, (task) => {
      Object.assign(task.seen, NOT_ENDED, { eta: false, expires: false, retries: 0 });
      task.seen.attempt++;
      task.isExpired = false;
      this.#makeReady(task, ++this.#last);
    });
  }

  forget(id: string): Change {
    return this.#change(id, true, () => this.tasks.delete(id));
  }

  /** @param hint the ids that a broker handed out, for where the order is open */
  claim(worker: string, queues: string[], limit: number, hint: string[]): Claimed[] {
    const claimed: Claimed[] = [];
    for (const queue of queues) {
      while (claimed.length < limit) {
        const taken = this.#take(queue, limit - claimed.length, hint);
        if (taken.length === 0) break;
        for (const task of taken) {
          if (task.isExpired) this.#revoke(task, "expired");
          else claimed.push(this.#start(task, worker));
        }
      }
    }
    return claimed;
  }

  report(worker: string, { id, token, progress, log }: Report): boolean {
    const task = this.#claimed(worker, id, token);
    if (!task) return false;
    const { seen } = task;
    if (progress) Object.assign(seen, { status: "PROGRESS", progress: progress.percent });
    if (progress?.stage) seen.stage = progress.stage;
    const meta = progress?.meta ? { meta: JSON.parse(progress.meta) } : {};
    Object.assign(seen, meta);
    const detail = { progress: seen.progress, stage: seen.stage, ...meta };
    this.#emit(task, log === undefined ? detail : { ...detail, log });
    return true;
  }

  settle(worker: string, { id, token, outcome }: Settlement): boolean {
    const task = this.#claimed(worker, id, token);
    if (!task) return false;
    if (outcome.state === "PENDING") this.#makeReady(task, FRONT);
    else if (outcome.state === "RETRY") this.#delay(task, outcome.error, outcome.delayMs);
    else if (outcome.state === "FAILURE") this.#end(task, "FAILURE", outcome.error);
    else this.#end(task, "SUCCESS", null, JSON.parse(outcome.result));
    return true;
  }

  held(worker: string): ModelTask[] {
    return this.#all((task) => isHeld(task) && task.seen.worker === worker);
  }

  heartbeat(worker: string): { id: string; token: number }[] {
    this.#workers.add(worker);
    return this.held(worker).map(({ seen }) => ({ id: seen.task_id, token: seen.deliveries }));
  }

  leave(worker: string): void {
    for (const task of this.held(worker)) this.#makeReady(task, FRONT);
    this.#workers.delete(worker);
  }

  /** Answers whether any are left that wait for their time. */
  promote(): boolean {
    const order = ++this.#last;
    for (const task of this.#all(({ delay }) => delay === "over")) this.#makeReady(task, order);
    return this.#all(({ delay }) => delay === "long").length > 0;
  }

  setPaused(queue: string, paused: boolean): void {
    this.#queue(queue).paused = paused;
  }

  /** All, newest first; those in one state, last ended first, or in any order while they live. */
  list(state?: State): Seen[] {
    const all = this.#all(({ seen }) => seen.status === (state ?? seen.status)).reverse();
    if (state !== undefined) all.sort((a, b) => b.ended - a.ended);
    return all.map(({ seen }) => seen);
  }

  queues(): QueueInfo[] {
    return [...this.#queues].map(([name, { paused }]) => {
      const own = this.#all(({ given: { queue } }) => queue === name);
      const scheduled = own.filter(({ delay }) => delay !== "none").length;
      const active = own.filter(isHeld).length;
      return { name, waiting: own.filter(isWaiting).length, scheduled, active, paused };
    });
  }

  workers(): { name: string; active: number }[] {
    return [...this.#workers].map((name) => ({ name, active: this.held(name).length }));
  }

  #all(holds: (task: ModelTask) => boolean): ModelTask[] {
    return [...this.tasks.values()].filter(holds);
  }

  #queue(name: string) {
    const queue = this.#queues.get(name) ?? { paused: false, turns: 0 };
    this.#queues.set(name, queue);
    return queue;
  }

  #change(id: string, ended: boolean, make: (task: ModelTask) => void): Change {
    const task = this.tasks.get(id);
    if (!task) return null;
    const done = isReady(task.seen.status) === ended;
    if (done) make(task);
    return { done, status: task.seen.status };
  }

  /** The next so many of a queue; a turn counts even if nothing is left for it. */
  #take(name: string, want: number, hint: string[]): ModelTask[] {
    const queue = this.#queues.get(name);
    if (!queue || queue.paused) return [];
    const places = new Map(hint.map((id, i) => [id, i]));
    const place = ({ given: { id } }: ModelTask) => places.get(id) ?? hint.length;
    const waiting = this.#all((task) => isWaiting(task) && task.given.queue === name)
      .sort((a, b) => a.order - b.order || place(a) - place(b));
    const levels = PRIORITIES.map((each) => waiting.filter(({ given }) => given.priority === each));
    const left = () => levels.filter(({ length }) => length > 0);
    const several = left().length > 1;
    return Array.from({ length: want }).flatMap(() => {
      const isLowTurn = several && ++queue.turns % LOW_TURN === 0;
      return left().at(isLowTurn ? -1 : 0)?.shift() ?? [];
    });
  }

  #start(task: ModelTask, worker: string): Claimed {
    const { attempt, retries } = task.seen;
    const token = ++task.seen.deliveries;
    Object.assign(task.seen, { status: "STARTED", worker, started_at: true });
    this.#emit(task, { worker, attempt });
    const { id, name, args, queue, maxRetries, timeLimit, softTimeLimit } = task.given;
    const given = { id, name, args, queue, maxRetries, timeLimit, softTimeLimit };
    return { ...given, token, attempt, retries };
  }

  #claimed(worker: string, id: string, token: number): ModelTask | undefined {
    return this.held(worker).find(({ given, seen }) =>
      given.id === id && seen.deliveries === token
    );
  }

  #makeReady(task: ModelTask, order: number): void {
    Object.assign(task.seen, NOT_STARTED, { status: "PENDING" });
    Object.assign(task, { order, delay: "none" });
    this.#emit(task);
  }

  #delay(task: ModelTask, error: TaskError, ms: number): void {
    const { seen } = task;
    Object.assign(seen, NOT_STARTED, { status: "RETRY", error, eta: true });
    task.delay = ms >= 1 ? "long" : "over";
    seen.attempt++;
    seen.retries++;
    this.#count(`RETRY ${seen.queue} ${seen.name}`);
    this.#emit(task, { eta: true, error: { ...error, stack: null } });
  }

  #revoke(task: ModelTask, message: string): void {
    this.#end(task, "REVOKED", { type: "TaskRevokedError", message, stack: null });
  }

  #end(task: ModelTask, status: State, error: TaskError | null, result: Json = null): void {
    const { seen } = task;
    const progress = error ? seen.progress : 100;
    Object.assign(seen, { status, error, result, progress, finished_at: true });
    seen.runtime_ms = seen.started_at;
    Object.assign(task, { delay: "none", ended: ++this.#last });
    this.#count(`${status} ${seen.queue} ${seen.name}`);
    const detail = { progress, stage: seen.stage };
    this.#emit(task, error ? { ...detail, error: { ...error, stack: null } } : detail);
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  #emit({ seen }: ModelTask, detail: Partial<SeenEvent> = {}): void {
    const { task_id, name, status } = seen;
    const seq = ++seen.events;
    const event = { seq, task_id, name, status, progress: 0, stage: null, eta: false };
    this.events.push({ ...event, ...detail });
  }
}

function isPast(when: When): boolean {
  return "inMs" in when ? when.inMs <= 0 : when.atMs <= Date.now();
}

function isHeld({ seen: { status } }: ModelTask): boolean {
  return status === "STARTED" || status === "PROGRESS";
}

function isWaiting({ seen: { status }, delay }: ModelTask): boolean {
  return status === "PENDING" && delay === "none";
}
