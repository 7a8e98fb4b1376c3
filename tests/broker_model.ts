/**
 * What a broker promises, on plain objects: the calls of jobs/broker.ts, one item at a time. A task has
 * one state and at most one worker, so a broker that behaves like this loses none, ends each once and
 * gives none to two. Time does not pass here: what is past is past, what is to come never comes.
 */

import type { Change, Claimed, NewTask, QueueLimits, Receipt, Report } from "../jobs/broker.ts";
import type { QueueState, Settlement, When } from "../jobs/broker.ts";
import { isReady, type Json, PRIORITIES, type State } from "../jobs/wire.ts";
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

interface ModelQueue {
  paused: boolean;
  turns: number;
  limits: Required<QueueLimits>;
  /** Limits were at work, and from then on it is open in which order its lists take turns. */
  isOpen: boolean;
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
  /** Whether several were revoked at once, in any order. */
  isAnyOrder = false;
  readonly #queues = new Map<string, ModelQueue>();
  readonly #keys = new Map<string, string>();
  readonly #uniques = new Map<string, string>();
  /** Names and queues with a rate limit of which one has started: the next may not today. */
  readonly #spent = new Set<string>();
  readonly #workers = new Set<string>();
  #last = 0;

  enqueue(given: NewTask): Receipt {
    const { id, name, args, idempotencyKey: key = "" } = given;
    const first = this.tasks.get(this.#keys.get(key) ?? "");
    const known = first ?? this.tasks.get(id);
    if (known) {
      const { task_id, status } = known.seen;
      const isSameCall = known.given.args === args ||
        (given.unique && given.unique.key === known.given.unique?.key);
      const same = task_id === id || (known.given.name === name && isSameCall);
      return { id: task_id, status, created: false, conflict: !same };
    }
    const keeper = this.tasks.get(this.#uniques.get(given.unique?.key ?? "") ?? "");
    if (keeper) {
      const { task_id, status } = keeper.seen;
      if (key !== "") this.#keys.set(key, task_id);
      return { id: task_id, status, created: false, conflict: false };
    }
    if (given.unique) this.#uniques.set(given.unique.key, id);
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
    if (laneOf(task) !== "") this.#queue(given.queue).isOpen = true;
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
      const { unique } = task.given;
      if (unique && typeof unique.until === "string" && !this.#uniques.has(unique.key)) {
        this.#uniques.set(unique.key, id);
      }
      Object.assign(task.seen, NOT_ENDED, { eta: false, expires: false, retries: 0, dead: false });
      task.seen.attempt++;
      task.isExpired = false;
      this.#makeReady(task, ++this.#last);
    });
  }

  forget(id: string): Change {
    return this.#change(id, true, (task) => {
      this.#release(task);
      this.tasks.delete(id);
    });
  }

  purge(queue: string): number {
    const waiting = this.#all((task) =>
      task.given.queue === queue && !isHeld(task) && !isReady(task.seen.status)
    );
    for (const task of waiting) this.#revoke(task, "purged");
    this.isAnyOrder ||= waiting.length > 1;
    return waiting.length;
  }

  limit(name: string, limits: QueueLimits): void {
    const queue = this.#queue(name);
    if ((limits.rateLimit ?? null) !== queue.limits.rateLimit && "rateLimit" in limits) {
      this.#spent.delete(`queue ${name}`);
    }
    Object.assign(queue.limits, limits);
    queue.isOpen = true;
  }

  /** What has expired, but was not ended yet, in queues in whose order it is open when it is. */
  expired(): string[] {
    const found = this.#all((task) =>
      isWaiting(task) && task.isExpired && this.#queue(task.given.queue).isOpen
    );
    return found.map(({ given: { id } }) => id);
  }

  /**
   * @param hint the ids that a broker handed out, for where the order is open
   * @param ended those of `expired` that it ended meanwhile
   */
  claim(
    worker: string,
    queues: string[],
    limit: number,
    hint: string[],
    ended: string[],
  ): Claimed[] {
    for (const id of ended) {
      const task = this.tasks.get(id);
      if (!task || !queues.includes(task.given.queue)) throw new Error(`${id} ended for no reason`);
      this.#revoke(task, "expired");
    }
    this.isAnyOrder ||= ended.length > 1;
    const claimed: Claimed[] = [];
    for (const queue of queues) {
      if (this.#queues.get(queue)?.isOpen) {
        const own = hint.filter((id) => this.tasks.get(id)?.given.queue === queue);
        claimed.push(...this.#follow(worker, queue, limit - claimed.length, own));
        continue;
      }
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

  /** Answers whether anything is left that waits for its time; undefined where that is open. */
  promote(): boolean | undefined {
    const order = ++this.#last;
    for (const task of this.#all(({ delay }) => delay === "over")) this.#makeReady(task, order);
    const expired = this.#all((task) =>
      task.isExpired && !isHeld(task) && !isReady(task.seen.status)
    );
    for (const task of expired.sort((a, b) => expiry(a) - expiry(b))) {
      if (isWaiting(task)) this.#queue(task.given.queue).isOpen = true;
      this.#revoke(task, "expired");
    }
    const open = this.#all((task) => task.seen.expires && !isReady(task.seen.status));
    const isNext = this.#all(({ delay }) => delay === "long").length > 0 || !open.every(isHeld);
    return isNext || (this.#spent.size === 0 && open.length === 0) ? isNext : undefined;
  }

  /** Whether a claim of this queue would get a task. */
  isClaimable(name: string): boolean {
    const queue = this.#queues.get(name);
    const waiting = this.#all((task) => isWaiting(task) && task.given.queue === name);
    if (!queue || queue.paused || waiting.length === 0) return false;
    return !queue.isOpen || waiting.some((task) => this.#mustStart(task));
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

  queues(): QueueState[] {
    return [...this.#queues].map(([name, { paused, limits }]) => {
      const own = this.#all(({ given: { queue } }) => queue === name);
      const scheduled = own.filter(({ delay }) => delay !== "none").length;
      const active = own.filter(isHeld).length;
      const { rateLimit: rate_limit, concurrencyLimit: concurrency_limit } = limits;
      const waiting = own.filter(isWaiting).length;
      return { name, waiting, scheduled, active, paused, rate_limit, concurrency_limit };
    });
  }

  workers(): { name: string; active: number }[] {
    return [...this.#workers].map((name) => ({ name, active: this.held(name).length }));
  }

  #all(holds: (task: ModelTask) => boolean): ModelTask[] {
    return [...this.tasks.values()].filter(holds);
  }

  #queue(name: string) {
    const queue = this.#queues.get(name) ?? {
      paused: false,
      turns: 0,
      limits: { rateLimit: null, concurrencyLimit: null },
      isOpen: false,
    };
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

  /** Starts what a broker handed out, if it may be, and fails if it left out what could be. */
  #follow(worker: string, queue: string, limit: number, hint: string[]): Claimed[] {
    if (this.#queue(queue).paused) return [];
    const claimed: Claimed[] = [];
    for (const id of hint) {
      const task = this.tasks.get(id);
      if (!task || claimed.length === limit) return claimed;
      if (!this.#mayStart(task)) throw new Error(`${id} may not start`);
      claimed.push(this.#start(task, worker));
    }
    if (claimed.length === limit || !this.#hasPlace(queue)) return claimed;
    const left = this.#all((task) =>
      task.given.queue === queue && (this.#mustStart(task) || isWaiting(task) && task.isExpired)
    );
    if (left.length > 0) throw new Error(`${left[0]?.given.id} could have started or ended`);
    return claimed;
  }

  #hasPlace(name: string): boolean {
    const { limits: { concurrencyLimit, rateLimit } } = this.#queue(name);
    const running = this.#all((task) => isHeld(task) && task.given.queue === name).length;
    return running < (concurrencyLimit ?? Infinity) &&
      !(rateLimit !== null && this.#spent.has(`queue ${name}`));
  }

  /** Whether no limit stands in its way, and none that waits in its lane comes before it. */
  #mayStart(task: ModelTask): boolean {
    const { name, queue, concurrency, rateLimit } = task.given;
    const isFirst = this.#lane(task).every(({ order }) => order >= task.order);
    const { length: running } = this.#all((other) =>
      isHeld(other) && other.given.concurrency?.key === concurrency?.key
    );
    return isWaiting(task) && !task.isExpired && isFirst && this.#hasPlace(queue) &&
      running < (concurrency?.limit ?? Infinity) && !(rateLimit && this.#spent.has(`task ${name}`));
  }

  /** Whether it may, and so may all that could be before it, for all that is known of their order. */
  #mustStart(task: ModelTask): boolean {
    const equals = this.#lane(task).filter(({ order }) => order === task.order);
    return equals.length > 0 && equals.every((each) => this.#mayStart(each));
  }

  /** What waits, and has not expired, where this task does or would. */
  #lane(task: ModelTask): ModelTask[] {
    const { queue, priority } = task.given;
    return this.#all((other) =>
      isWaiting(other) && !other.isExpired && laneOf(other) === laneOf(task) &&
      other.given.queue === queue && other.given.priority === priority
    );
  }

  #release(task: ModelTask): void {
    const { id, unique } = task.given;
    if (unique && this.#uniques.get(unique.key) === id) this.#uniques.delete(unique.key);
  }

  #start(task: ModelTask, worker: string): Claimed {
    const { attempt, retries } = task.seen;
    const token = ++task.seen.deliveries;
    Object.assign(task.seen, { status: "STARTED", worker, started_at: true });
    this.#emit(task, { worker, attempt });
    const { id, name, args, queue, maxRetries, timeLimit, softTimeLimit, unique } = task.given;
    if (unique?.until === "start") this.#release(task);
    if (task.given.rateLimit) this.#spent.add(`task ${name}`);
    if (this.#queue(queue).limits.rateLimit) this.#spent.add(`queue ${queue}`);
    const given = { id, name, args, queue, maxRetries, timeLimit, softTimeLimit };
    return { ...given, token, attempt, retries, onLost: task.given.onLost ?? "requeue" };
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
    const { seen, given: { unique } } = task;
    const progress = error ? seen.progress : 100;
    Object.assign(seen, { status, error, result, progress, finished_at: true });
    seen.dead = status === "FAILURE";
    if (typeof unique?.until === "string" || status === "REVOKED") this.#release(task);
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

/** What waits in one queue and priority waits in the lane of its limit, or in the list of those without. */
function laneOf({ given: { name, concurrency, rateLimit } }: ModelTask): string {
  return concurrency ? `key ${concurrency.key}` : rateLimit ? `task ${name}` : "";
}

function expiry({ given: { expires } }: ModelTask): number {
  return expires && "atMs" in expires ? expires.atMs : 0;
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
