import { assert, assertEquals } from "@std/assert";
import type { Json, State, Task, TaskEvent, TaskMessage } from "../jobs/wire.ts";
import { count, duration, moment, relative, wholeSeconds } from "../ui/format.ts";
import { retryAfter } from "../ui/live.ts";
import { findCommands } from "../ui/commands.ts";
import { href, parseRoute } from "../ui/address.ts";
import { argsFrom, formsOf, initialValues } from "../ui/schema.ts";
import { logOf, stepsOf } from "../ui/steps.ts";
import { addHistory, apply, lastSeq, NOTHING, refresh } from "../ui/store.ts";
import { taskOf } from "./page_task.ts";

const ID = "11111111-1111-4111-8111-111111111111";

function taskAt(events: number, status: State = "PENDING", more: Partial<Task> = {}): Task {
  return taskOf({ task_id: ID, events, status, ...more });
}

function eventAt(seq: number, status: State, more: Partial<TaskEvent> = {}): TaskEvent {
  const at = `2026-01-01T00:00:${String(seq).padStart(2, "0")}.000Z`;
  return { seq, task_id: ID, name: "divide", status, progress: 0, stage: null, at, ...more };
}

const snapshot = (task: Task): TaskMessage => ({ type: "snapshot", task });
const event = (event: TaskEvent): TaskMessage => ({ type: "event", ...event });
const seqs = (events: TaskEvent[]) => events.map(({ seq }) => seq);

const LIFE = [
  eventAt(1, "PENDING"),
  eventAt(2, "STARTED", { worker: "w", attempt: 1 }),
  eventAt(3, "PROGRESS", { progress: 50, stage: "HALF" }),
  eventAt(4, "SUCCESS", { progress: 100, stage: "HALF", runtime_ms: 2000 }),
];

Deno.test("a task follows its events from state to state", () => {
  const known = [snapshot(taskAt(1)), ...LIFE.map(event)].reduce(apply, NOTHING);
  assertEquals(
    known.task,
    taskAt(4, "SUCCESS", {
      progress: 100,
      stage: "HALF",
      worker: "w",
      started_at: LIFE[1]?.at ?? "",
      finished_at: LIFE[3]?.at ?? "",
      runtime_ms: 2000,
    }),
  );
  assertEquals(known.stale, true, "its result is not known yet");
  assertEquals(known.completeTo, 4);
});

Deno.test("an event that comes twice changes nothing", () => {
  const before = [snapshot(taskAt(1)), ...LIFE.slice(0, 3).map(event)].reduce(apply, NOTHING);
  const after = LIFE.slice(0, 3).map(event).reduce(apply, before);
  assertEquals(after, before);
});

Deno.test("events that a newer snapshot has overtaken are kept, and leave the task as it is", () => {
  const done = taskAt(4, "SUCCESS", { result: 0.5 });
  const known = [snapshot(done), ...LIFE.map(event)].reduce(apply, NOTHING);
  assertEquals(known.task, done);
  assertEquals(seqs(known.events), [1, 2, 3, 4]);
  assertEquals(lastSeq(known), 4);
});

Deno.test("an answer that events have overtaken changes nothing", () => {
  const known = [snapshot(taskAt(1)), ...LIFE.map(event)].reduce(apply, NOTHING);
  assertEquals(refresh(known, taskAt(3, "PROGRESS")), known);
});

Deno.test("a server that has lost its data is believed", () => {
  const before = [snapshot(taskAt(1)), ...LIFE.map(event)].reduce(apply, NOTHING);
  const known = [snapshot(taskAt(2, "STARTED")), ...LIFE.map(event)].reduce(apply, before);
  assertEquals(known.task?.status, "SUCCESS");
  assertEquals(seqs(known.events), [1, 2, 3, 4]);
  const restarted = apply(before, snapshot(taskAt(2, "STARTED")));
  assertEquals(restarted.task?.status, "STARTED");
  assertEquals(restarted.events, []);
});

Deno.test("an answer brings what events do not carry", () => {
  const ended = [snapshot(taskAt(1)), ...LIFE.map(event)].reduce(apply, NOTHING);
  const known = refresh(ended, taskAt(4, "SUCCESS", { result: 0.5 }));
  assertEquals(known.stale, false);
  assertEquals(known.task?.result, 0.5);
});

Deno.test("running again forgets the end of the run before", () => {
  const failed = taskAt(4, "FAILURE", {
    error: { type: "RangeError", message: "division by zero", stack: null },
    started_at: "2026-01-01T00:00:02.000Z",
    finished_at: "2026-01-01T00:00:04.000Z",
    runtime_ms: 2000,
  });
  const known = [snapshot(failed), event(eventAt(5, "PENDING"))].reduce(apply, NOTHING);
  assertEquals(known.task, taskAt(5, "PENDING"));
});

Deno.test("history fills the gap before the events that came live", () => {
  const live = [snapshot(taskAt(2)), event(eventAt(3, "PROGRESS"))].reduce(apply, NOTHING);
  assertEquals(live.completeTo, 0);
  const known = addHistory(live, LIFE.slice(0, 3), 3);
  assertEquals(seqs(known.events), [1, 2, 3]);
  assertEquals(known.completeTo, 3);
});

Deno.test("history that the server has cut off is not asked for again", () => {
  const live = apply(NOTHING, snapshot(taskAt(5)));
  assertEquals(addHistory(live, [eventAt(4, "PROGRESS")], 5).completeTo, 5);
});

Deno.test("an unknown task is missing until it is heard of", () => {
  const missing = apply(NOTHING, { type: "unknown", task_id: ID });
  assertEquals(missing.missing, true);
  assertEquals(apply(missing, snapshot(taskAt(1))).missing, false);
});

Deno.test("a lost page tries again within 1 s, ever more rarely, and never later than 5 s", () => {
  assert(retryAfter(0, 1) <= 1000);
  for (let failures = 0; failures < 100; failures++) {
    assert(retryAfter(failures, 1) <= 5000);
    assert(retryAfter(failures, 0) >= 0.8 * retryAfter(failures, 1));
    assert(retryAfter(failures + 1, 1) >= retryAfter(failures, 1));
  }
});

Deno.test("successive progress in one stage is one step", () => {
  const steps = stepsOf([
    eventAt(1, "PENDING"),
    eventAt(2, "STARTED", { worker: "w", attempt: 1 }),
    eventAt(3, "PROGRESS", { progress: 10, stage: "A" }),
    eventAt(4, "PROGRESS", { progress: 40, stage: "A", log: "a line" }),
    eventAt(5, "PROGRESS", { progress: 60, stage: "B" }),
  ]);
  assertEquals(
    steps.map(({ status, stage, from, to }) => [status, stage, from, to]),
    [["PENDING", null, 0, 0], ["STARTED", null, 0, 0], ["PROGRESS", "A", 10, 40], [
      "PROGRESS",
      "B",
      60,
      60,
    ]],
  );
});

Deno.test("a log is every line of every event", () => {
  const lines = logOf([eventAt(1, "STARTED"), eventAt(2, "PROGRESS", { log: "one\ntwo" })]);
  assertEquals(lines.map(({ text }) => text), ["one", "two"]);
});

Deno.test("times are told in at most two units", () => {
  const minute = 60_000;
  assertEquals([850, 1500, 12_000].map(duration), ["850 ms", "1.5 s", "12 s"]);
  assertEquals(
    [0, 59_999, minute, 2.5 * minute, 60 * minute, 61 * minute, 1500 * minute].map(wholeSeconds),
    ["0 s", "59 s", "1 min", "2 min 30 s", "1 h", "1 h 1 min", "1 d 1 h"],
  );
  const now = Date.parse("2026-01-01T12:00:00Z");
  assertEquals(relative("2026-01-01T11:59:59Z", now), "just now");
  assertEquals(relative("2026-01-01T11:59:20Z", now), "40 s ago");
  assertEquals(relative("2026-01-01T12:03:00Z", now), "in 3 min");
});

Deno.test("numbers and moments are written the same everywhere", () => {
  assertEquals(
    [0, 999, 1000, 12_345, 1_234_567, 0.1234, 1234.5678].map(count),
    ["0", "999", "1,000", "12,345", "1,234,567", "0.1234", "1,234.5678"],
  );
  const here = new Date(2026, 0, 31, 4, 5, 6);
  assertEquals(moment(here.toISOString()), "2026-01-31 04:05:06");
});

/** What a form made from this schema sends when these values are filled in. */
function filledIn(schema: { [key: string]: Json }, values: { [key: string]: string }, way = 0) {
  const form = formsOf(schema)[way] ?? { label: "", shape: "json", fields: [] };
  return argsFrom(form, { ...initialValues(form), ...values });
}

const LENGTH = { type: "integer", title: "Length", default: 60, minimum: 1, maximum: 3600 };
const TUPLE = {
  type: "array",
  prefixItems: [{ type: "number", title: "x" }, LENGTH],
  items: false,
  minItems: 1,
};

Deno.test("a tuple is one input per item, with title, default and bounds", () => {
  const [form] = formsOf(TUPLE);
  assertEquals(form?.shape, "tuple");
  assertEquals(form?.fields[0]?.required, true);
  assertEquals(form?.fields[1], {
    key: "1",
    label: "Length",
    description: "",
    kind: "integer",
    required: false,
    initial: "60",
    options: [],
    min: 1,
    max: 3600,
  });
});

Deno.test("an input that may be empty is left out, one that may not is named", () => {
  assertEquals(filledIn(TUPLE, { "0": "0.5" }), { args: [0.5, 60], errors: {} });
  assertEquals(filledIn(TUPLE, { "0": "0.5", "1": "" }), { args: [0.5], errors: {} });
  assertEquals(filledIn(TUPLE, {}).errors, { "args.0": "A value is needed here." });
});

Deno.test("an object is named inputs of every kind", () => {
  const schema = {
    type: "object",
    properties: {
      text: { type: "string" },
      flag: { type: "boolean" },
      size: { enum: ["s", "m"] },
      body: {},
      extra: { type: "string" },
    },
    required: ["text", "flag", "size"],
  };
  const values = { text: "hi", flag: "true", size: '"m"', body: '{"a":[1]}' };
  assertEquals(filledIn(schema, values), {
    args: { text: "hi", flag: true, size: "m", body: { a: [1] } },
    errors: {},
  });
  const { errors } = filledIn(schema, { ...values, body: "{" });
  assertEquals(Object.keys(errors), ["args.body"]);
});

Deno.test("a choice of objects is a choice of forms", () => {
  const variant = (key: string) => ({
    type: "object",
    properties: { [key]: { type: "string" } },
    required: [key],
  });
  const schema = { anyOf: [variant("csv"), variant("path")] };
  assertEquals(formsOf(schema).map(({ label }) => label), ["csv", "path"]);
  assertEquals(filledIn(schema, { path: "a.csv" }, 1), { args: { path: "a.csv" }, errors: {} });
});

Deno.test("what a form cannot draw is asked for as JSON", () => {
  for (const schema of [{}, { type: "array", items: {} }, { anyOf: [TUPLE, { type: "null" }] }]) {
    assertEquals(formsOf(schema)[0]?.shape, "json");
    assertEquals(filledIn(schema, { args: "[1]" }), { args: [1], errors: {} });
  }
});

Deno.test("an address says page, id and query, and is made from them", () => {
  const parts = (hash: string) => {
    const { page, id, query } = parseRoute(hash);
    return [page, id, `${query}`];
  };
  assertEquals(parts(""), ["overview", null, ""]);
  assertEquals(parts("#/"), ["overview", null, ""]);
  assertEquals(parts("#/tasks?state=FAILURE&q=a+b"), ["tasks", null, "state=FAILURE&q=a+b"]);
  assertEquals(parts("#/tasks/a%2Fb?x=1"), ["task", "a/b", "x=1"]);
  assertEquals(parts("#/queues/mail"), ["queues", "mail", ""]);
  assertEquals(parts("#/task"), [null, null, ""]);
  assertEquals(parts("#/nowhere/%"), [null, "%", ""]);
  assertEquals(href("overview"), "#/");
  assertEquals(href("task", "a/b?"), "#/tasks/a%2Fb%3F");
  assertEquals(href("tasks", null, { q: "a b", state: null, name: "" }), "#/tasks?q=a+b");
});

Deno.test("commands are found by all their words, those that begin with them first", () => {
  const all = ["Go to tasks", "Tasks", "Start a task", "Queues"].map((title) => ({
    id: title,
    title,
    run() {},
  }));
  const found = (typed: string) => findCommands(all, typed).map(({ title }) => title);
  assertEquals(found("tas"), ["Tasks", "Go to tasks", "Start a task"]);
  assertEquals(found("TASK start"), ["Start a task"]);
  assertEquals(found("nothing"), []);
  assertEquals(found("").length, 4);
});
