/** Schedules in Redis. */

import type { Receipt } from "../broker.ts";
import {
  MAX_SCHEDULES,
  type ScheduleStep,
  type ScheduleStore,
  type StoredRun,
  type StoredSchedule,
  TURN_MS,
} from "../schedule_store.ts";
import { toFields, toReceipts } from "./decode.ts";
import { encodeTasks } from "./encode.ts";
import { type Script, scripts } from "./scripts.ts";

export class RedisSchedules implements ScheduleStore {
  readonly #id = crypto.randomUUID();

  constructor(
    private readonly run: (script: Script, args: (string | number)[]) => Promise<unknown>,
  ) {}

  async now(): Promise<number> {
    return Number(await this.run(scripts.clock, []));
  }

  async get(name: string): Promise<StoredSchedule | null> {
    const fields = await this.run(scripts.scheduleGet, [name]) as string[];
    return fields.length > 0 ? toSchedule(name, fields) : null;
  }

  list(after: string, limit: number): Promise<StoredSchedule[]> {
    return this.#list("all", after, limit);
  }

  inCode(): Promise<StoredSchedule[]> {
    return this.#list("code", "", 0);
  }

  async put(
    { name, body, inCode, next }: Pick<StoredSchedule, "name" | "body" | "inCode" | "next">,
    revision: number | null,
  ): Promise<"stored" | "changed" | "full"> {
    const args = [name, revision ?? "", body, inCode ? "1" : "", next ?? "", MAX_SCHEDULES];
    return await this.run(scripts.schedulePut, args) as "stored" | "changed" | "full";
  }

  async remove(name: string, revision: number): Promise<boolean> {
    return await this.run(scripts.scheduleRemove, [name, revision]) === 1;
  }

  async due(limit: number) {
    const reply = await this.run(scripts.scheduleDue, [limit, this.#id, TURN_MS]);
    const [now, waitMs, ...rows] = reply as [number, number, ...(string | string[])[]];
    return { now, schedules: toSchedules(rows), waitMs: waitMs < 0 ? null : waitMs };
  }

  advance(steps: ScheduleStep[]): Promise<(Receipt[] | null)[]> {
    return Promise.all(steps.map((step) => this.#advance(step)));
  }

  async runs(name: string): Promise<StoredRun[]> {
    const runs = await this.run(scripts.scheduleRuns, [name]) as string[];
    return runs.map((run) => JSON.parse(run) as StoredRun);
  }

  async #advance(step: ScheduleStep): Promise<Receipt[] | null> {
    const { name, revision, due, next, ticks, skipped } = step;
    const runs = skipped.map(({ due, until, reason }) =>
      JSON.stringify({ due, until, skipped: reason }).slice(0, -1)
    );
    const args = [
      name,
      revision,
      due ?? "",
      next ?? "",
      runs.length,
      ...runs,
      ticks.length,
      ...ticks.map((tick) => tick.due ?? ""),
    ];
    const tasks = ticks.map(({ task }) => task);
    encodeTasks(tasks, args);
    const reply = await this.run(scripts.scheduleTick, args);
    return reply === null ? null : toReceipts(tasks, reply);
  }

  async #list(which: "all" | "code", after: string, limit: number): Promise<StoredSchedule[]> {
    const rows = await this.run(scripts.scheduleList, [which, after, limit]);
    return toSchedules(rows as (string | string[])[]);
  }
}

/** Rows of a name and its fields. */
function toSchedules(rows: (string | string[])[]): StoredSchedule[] {
  const schedules: StoredSchedule[] = [];
  for (let i = 0; i + 1 < rows.length; i += 2) {
    const [name, fields] = [rows[i] as string, rows[i + 1] as string[]];
    if (fields.length > 0) schedules.push(toSchedule(name, fields));
  }
  return schedules;
}

function toSchedule(name: string, flat: string[]): StoredSchedule {
  const fields = toFields(flat);
  const [next, due, task] = [fields.get("next"), fields.get("last_due"), fields.get("last_task")];
  return {
    name,
    revision: Number(fields.get("revision")),
    body: fields.get("body") ?? "",
    inCode: fields.get("in_code") === "1",
    next: next === undefined ? null : Number(next),
    last: due === undefined || task === undefined ? null : { due: Number(due), task },
  };
}
