/** Defining a task and starting it: `defineTask`, `delay`, `applyAsync`, `AsyncResult`. */

import { Buffer } from "node:buffer";
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { MAX_TIMER_MS } from "../lib/timers.ts";
import type { Broker, NewTask, Receipt } from "./broker.ts";
import {
  ArgumentsTooLargeError,
  InvalidArgumentsError,
  InvalidOptionError,
  TaskFailedError,
} from "./errors.ts";
import {
  type CallOptions,
  checkCallFields,
  checkOptions,
  checkSoftLimit,
  instant,
  startTime,
} from "./options.ts";
import { checkDefinition } from "./definition.ts";
import { flowOf, type FlowPolicy } from "./flow.ts";
import type { RetryPolicy } from "./retry.ts";
import {
  isReady,
  type Json,
  type Priority,
  type State,
  type Task,
  type TaskType,
  type TaskTypeLimits,
} from "./wire.ts";

export type { CallOptions };

/** Arguments and results may be this many bytes of JSON. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;

/** The queue of a task that names none. */
export const DEFAULT_QUEUE = "default";

const DEFAULT_MAX_RETRIES = 3;
const NO_LIMITS: TaskTypeLimits = { rate_limit: null, time_limit: null, soft_time_limit: null };

/** A schema that validates and that can describe itself as JSON Schema: zod 4.2 or newer, others. */
export type TaskSchema<Output = unknown> =
  & StandardSchemaV1<unknown, Output>
  & StandardJSONSchemaV1<unknown, Output>;

/** What running task code can see and say of itself. */
export interface TaskContext {
  readonly id: string;
  /** 1 for the first run. */
  readonly attempt: number;
  /** How many retries have been spent. */
  readonly retries: number;
  /** Aborts at the soft time limit and when the task is revoked. */
  readonly signal: AbortSignal;
  /**
   * Reports progress. Calls closer together than 50 ms are merged, the last one always arrives.
   * @param percent 0 to 100
   * @param stage what the task is at, in its own words; kept until another is given
   * @param meta anything else worth showing, up to 16 KiB of JSON
   */
  progress(percent: number, stage?: string, meta?: Json): void;
  /** Adds a log line, which watchers of the task see live. */
  log(text: string): void;
}

/** How a task is run where its caller says nothing else. */
export interface TaskDefinition<Schema extends TaskSchema, Result>
  extends RetryPolicy, FlowPolicy<StandardSchemaV1.InferOutput<Schema>> {
  name: string;
  description?: string;
  /** Checked where the task is started; the checked value, defaults filled in, is what runs. */
  input: Schema;
  run(
    args: StandardSchemaV1.InferOutput<Schema>,
    context: TaskContext,
  ): Result | Promise<Result>;
  queue?: string;
  priority?: Priority;
  /** Seconds after which the run is stopped; 0 for none. Without it the worker's limit holds. */
  timeLimit?: number;
  /** Seconds after which its signal aborts; 0 for none. Without it the worker's limit holds. */
  softTimeLimit?: number;
}

/** Positional tasks take their arguments one by one, others take one object. */
type DelayArgs<Input> = Input extends readonly unknown[] ? Input : [args: Input];

/** A defined task: start it with `delay` or `applyAsync`, or hand it to a registry. */
export class TaskHandle<Schema extends TaskSchema = TaskSchema, Result = unknown> {
  readonly name: string;
  readonly queue: string;
  #madeSchema: { [key: string]: Json } | undefined;

  /** @throws {InvalidDefinitionError} */
  constructor(readonly definition: TaskDefinition<Schema, Result>) {
    checkDefinition(definition);
    this.name = definition.name;
    this.queue = definition.queue ?? DEFAULT_QUEUE;
  }

  /** Starts the task with these arguments. */
  delay(...args: DelayArgs<StandardSchemaV1.InferInput<Schema>>): Promise<AsyncResult<Result>> {
    const positional = this.#positional;
    return this.#start(positional ? args : args[0], {});
  }

  /**
   * Starts the task with options.
   * @throws {InvalidOptionError} one is wrong, or the idempotency key was used for another call
   */
  applyAsync(
    args: StandardSchemaV1.InferInput<Schema>,
    options: CallOptions = {},
  ): Promise<AsyncResult<Result>> {
    return this.#start(args, options);
  }

  /**
   * Checks a call and makes of it what a broker takes.
   * @param args one JSON value; undefined stands for no arguments
   * @throws {InvalidArgumentsError} they do not fit the schema
   * @throws {ArgumentsTooLargeError} more than MAX_PAYLOAD_BYTES
   * @throws {InvalidOptionError} an option is out of range
   */
  async prepare(args: unknown, options: CallOptions = {}): Promise<NewTask> {
    const { definition } = this;
    const { value, text } = await this.#check(args);
    checkOptions(options);
    checkSoftLimit(options.softTimeLimit, options.timeLimit ?? definition.timeLimit);
    const eta = startTime(options);
    const expires = instant(options.expires);
    return {
      id: crypto.randomUUID(),
      name: this.name,
      args: text,
      queue: options.queue ?? this.queue,
      priority: options.priority ?? definition.priority ?? "normal",
      maxRetries: options.maxRetries ?? definition.maxRetries ?? DEFAULT_MAX_RETRIES,
      timeLimit: options.timeLimit ?? definition.timeLimit ?? null,
      softTimeLimit: options.softTimeLimit ?? definition.softTimeLimit ?? null,
      ...(eta && { eta }),
      ...(expires && { expires }),
      ...(options.idempotencyKey && { idempotencyKey: options.idempotencyKey }),
      ...flowOf(definition, value, text, options),
    };
  }

  /**
   * Checks arguments as `prepare` does, for a task that exists.
   * @returns JSON text
   */
  async encodeArgs(args: unknown): Promise<string> {
    return (await this.#check(args)).text;
  }

  /**
   * What a page needs to draw a form for this task.
   * @param limits what was set at run time, if anything was
   */
  describe(limits: TaskTypeLimits = NO_LIMITS): TaskType {
    const { definition } = this;
    const defined: TaskTypeLimits = {
      rate_limit: definition.rateLimit ?? null,
      time_limit: definition.timeLimit ?? null,
      soft_time_limit: definition.softTimeLimit ?? null,
    };
    const { rate_limit, time_limit, soft_time_limit } = limits;
    return {
      name: this.name,
      description: definition.description ?? "",
      queue: this.queue,
      priority: definition.priority ?? "normal",
      max_retries: definition.maxRetries ?? DEFAULT_MAX_RETRIES,
      rate_limit: rate_limit ?? defined.rate_limit,
      time_limit: time_limit ?? defined.time_limit,
      soft_time_limit: soft_time_limit ?? defined.soft_time_limit,
      defined,
      set: { rate_limit, time_limit, soft_time_limit },
      schema: this.#schema,
    };
  }

  /** Made once, when it is asked for first: that takes longer than all else of a call. */
  get #schema(): { [key: string]: Json } {
    const { jsonSchema } = this.definition.input["~standard"];
    return this.#madeSchema ??= jsonSchema.input({ target: "draft-2020-12" }) as {
      [key: string]: Json;
    };
  }

  get #positional(): boolean {
    return this.#schema["type"] === "array";
  }

  async #check(args: unknown) {
    const given = args === undefined ? (this.#positional ? [] : {}) : args;
    const checked = await this.definition.input["~standard"].validate(given);
    if (checked.issues) throw invalidArguments(this.name, checked.issues);
    const { value } = checked as { value: StandardSchemaV1.InferOutput<Schema> };
    const text = encode(this.name, value);
    const bytes = Buffer.byteLength(text);
    if (bytes <= MAX_PAYLOAD_BYTES) return { value, text };
    throw new ArgumentsTooLargeError(
      `The arguments of ${this.name} are ${bytes} bytes of JSON; ` +
        `at most ${MAX_PAYLOAD_BYTES} are allowed`,
    );
  }

  async #start(args: unknown, options: CallOptions): Promise<AsyncResult<Result>> {
    checkCallFields(options);
    const task = await this.prepare(args, options);
    const broker = defaultBroker();
    const [receipt] = await broker.enqueue([task]) as [Receipt];
    if (receipt.conflict) {
      throw new InvalidOptionError("idempotency_key", `was used for another call: ${receipt.id}`);
    }
    return new AsyncResult(receipt.id, broker, receipt.created);
  }
}

/**
 * Defines a task. Names follow Celery's; every option has its default there too.
 * @throws {InvalidDefinitionError}
 */
export function defineTask<Schema extends TaskSchema, Result>(
  definition: TaskDefinition<Schema, Result>,
): TaskHandle<Schema, Result> {
  return new TaskHandle(definition);
}

/** A handle on a started task, by its id. */
export class AsyncResult<Result = unknown> {
  /**
   * @param created whether the call that answers this has started the task; false for that of an
   *   earlier call, by `unique` or `idempotencyKey`
   */
  constructor(
    readonly id: string,
    private readonly broker: Broker = defaultBroker(),
    readonly created = false,
  ) {}

  /** Its present state; null for an unknown or forgotten task. */
  async state(): Promise<State | null> {
    return (await this.task())?.status ?? null;
  }

  /** Everything about it; null for an unknown or forgotten task. */
  task(): Promise<Task | null> {
    return this.broker.get(this.id);
  }

  /**
   * Waits for the end and answers the result.
   * @throws {TaskFailedError} it ended as FAILURE or REVOKED, or is not known (any more)
   * @throws {DOMException} named TimeoutError, after `timeoutMs`
   */
  async get(options: { timeoutMs?: number } = {}): Promise<Result> {
    const task = await waitForEnd(this.broker, this.id, options.timeoutMs ?? Infinity);
    if (task === null) {
      throw new TaskFailedError(this.id, {
        type: "UnknownTask",
        message: `no task ${this.id}: it never existed, or its result has expired`,
        stack: null,
      });
    }
    if (!isReady(task.status)) {
      throw new DOMException(`${this.id} is still ${task.status}`, "TimeoutError");
    }
    if (task.status !== "SUCCESS") {
      const revoked = { type: "TaskRevokedError", message: "revoked", stack: null };
      throw new TaskFailedError(this.id, task.error ?? revoked);
    }
    return task.result as Result;
  }

  /** Cancels it; a running task is stopped. Answers false if it had ended or is unknown. */
  async revoke(): Promise<boolean> {
    return (await this.broker.revoke(this.id))?.done ?? false;
  }

  /** Deletes it, once it has ended. Answers false if it has not, or is unknown. */
  async forget(): Promise<boolean> {
    return (await this.broker.forget(this.id))?.done ?? false;
  }
}

/**
 * Waits until a task has ended, is unknown, the time is over, or the signal aborts.
 * @returns the task as it stands then; null if it is unknown
 */
export async function waitForEnd(
  broker: Broker,
  id: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Task | null> {
  const deadline = Date.now() + timeoutMs;
  let wake = () => {};
  // Subscribe first and look second, so that an end between the two is not missed.
  const subscription = await broker.subscribe({
    onEvents(events) {
      if (events.some((event) => event.task_id === id && isReady(event.status))) wake();
    },
    onGap: () => wake(),
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => wake();
  signal?.addEventListener("abort", stop);
  try {
    while (true) {
      const woken = new Promise<void>((resolve) => wake = resolve);
      const task = await broker.get(id);
      const left = signal?.aborted ? 0 : deadline - Date.now();
      if (task === null || isReady(task.status) || left <= 0) return task;
      clearTimeout(timer);
      if (left !== Infinity) timer = setTimeout(wake, Math.min(left, MAX_TIMER_MS));
      await woken;
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    await subscription.close();
  }
}

let current: Broker | undefined;

/** Sets the broker that `delay`, `applyAsync` and `AsyncResult` use. */
export function useBroker(broker: Broker): void {
  current = broker;
}

function defaultBroker(): Broker {
  if (!current) throw new Error("No broker: call useBroker(connectBroker(url)) before this");
  return current;
}

function encode(task: string, value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    const message = error instanceof RangeError ? "nested too deeply" : "not JSON";
    throw new InvalidArgumentsError(task, [{ path: "args", message }]);
  }
}

function invalidArguments(task: string, issues: readonly StandardSchemaV1.Issue[]) {
  return new InvalidArgumentsError(
    task,
    issues.map(({ path = [], message }) => ({
      path: ["args", ...path.map((part) => String(typeof part === "object" ? part.key : part))]
        .join("."),
      message,
    })),
  );
}
