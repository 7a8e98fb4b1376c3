/** The pure parts of the pages Tasks, Task and Start. */

import { assertEquals } from "@std/assert";
import type { Task, TaskEvent } from "../jobs/wire.ts";
import { attemptsOf, spansOf } from "../ui/attempts.ts";
import { asCommand, asCurl, asTypeScript } from "../ui/calls.ts";
import { afterEvent, listOf, newIn, shortened, summaryOf, withHead, withPage } from "../ui/rows.ts";
import { taskOf } from "./page_task.ts";

const at = (second: number) => new Date(Date.UTC(2030, 0, 1, 0, 0, second)).toISOString();

const TASK = taskOf({ name: "webhook", args: ["x"], created_at: at(0) });

function event(seq: number, status: Task["status"], more: Partial<TaskEvent> = {}): TaskEvent {
  return {
    seq,
    task_id: TASK.task_id,
    name: "webhook",
    status,
    progress: 0,
    stage: null,
    at: at(seq),
    ...more,
  };
}

const failure = { type: "Error", message: "busy", stack: null };

Deno.test("attempts are made of a task's events", () => {
  const attempts = attemptsOf({ ...TASK, attempt: 3 }, [
    event(1, "PENDING", { at: at(0) }),
    event(2, "STARTED", { worker: "a", attempt: 1 }),
    event(3, "PENDING"),
    event(4, "STARTED", { worker: "b", attempt: 1 }),
    event(5, "PROGRESS", { stage: "HALF" }),
    event(6, "RETRY", { error: failure, eta: at(9) }),
    event(10, "STARTED", { worker: "b", attempt: 2 }),
    event(11, "FAILURE", { error: failure }),
    event(20, "PENDING"),
    event(21, "STARTED", { worker: "c", attempt: 3 }),
  ]);
  assertEquals(
    attempts.map(({ number, worker, end, error }) => [number, worker, end, error?.message]),
    [
      [1, "a", "GIVEN BACK", undefined],
      [1, "b", "RETRY", "busy"],
      [2, "b", "FAILURE", "busy"],
      [3, "c", null, undefined],
    ],
  );
  const seconds = attempts.map((attempt) =>
    spansOf(attempt, Date.parse(at(30))).map(({ kind, from, to }) =>
      `${kind} ${(to - from) / 1000}`
    )
  );
  assertEquals(seconds, [
    ["waiting 2", "running 1"],
    ["waiting 1", "running 2"],
    ["delayed 3", "waiting 1", "running 1"],
    ["waiting 1", "running 9"],
  ]);
});

Deno.test("a delayed task, and one whose first events are gone, have their attempt too", () => {
  const [delayed] = attemptsOf({ ...TASK, eta: at(8) }, [event(1, "PENDING")]);
  assertEquals(delayed && spansOf(delayed, Date.parse(at(10))).map(({ kind }) => kind), [
    "delayed",
    "waiting",
  ]);
  const [cut] = attemptsOf(TASK, [event(500, "PROGRESS"), event(501, "SUCCESS")]);
  assertEquals([cut?.startedAt, cut?.end], [at(500), "SUCCESS"]);
  assertEquals(attemptsOf(TASK, []).length, 1);
  const [revoked, ...others] = attemptsOf(TASK, [event(2, "REVOKED")]);
  assertEquals([revoked?.startedAt, revoked?.end, others.length], [null, "REVOKED", 0]);
});

Deno.test("a call is written for curl, the command line and TypeScript", () => {
  const plain = { name: "resize_image", args: ["it's", 320] };
  assertEquals(
    asCurl(plain, "http://x:1", false),
    `curl http://x:1/tasks \\\n  -H 'Content-Type: application/json' \\\n` +
      `  -d '{"name":"resize_image","args":["it'\\''s",320]}'`,
  );
  assertEquals(asCurl(plain, "http://x:1", true).includes("$TASKAPP_TOKEN"), true);
  assertEquals(asCommand(plain), `taskapp call resize_image '["it'\\''s",320]'`);
  assertEquals(asTypeScript(plain), `await resizeImage.delay("it's", 320);`);
  const more = { name: "a.b-c", args: { n: 1 }, queue: "mail", max_retries: 0, eta: at(0) };
  assertEquals(
    asCommand(more),
    `taskapp call a.b-c '{"n":1}' \\\n  --queue mail \\\n  --max-retries 0 \\\n  --eta ${at(0)}`,
  );
  assertEquals(
    asTypeScript(more),
    `await aBC.applyAsync({"n":1}, {\n  queue: "mail",\n  maxRetries: 0,\n  eta: new Date("${
      at(0)
    }"),\n});`,
  );
});

Deno.test("a row follows a task's events, each once", () => {
  let row = summaryOf(TASK);
  assertEquals([row.args_preview, row.result_preview], ['["x"]', null]);
  row = afterEvent(row, event(2, "STARTED", { worker: "a", attempt: 1 }));
  assertEquals([row.status, row.worker, row.started_at], ["STARTED", "a", at(2)]);
  row = afterEvent(row, event(3, "PROGRESS", { progress: 40, stage: "HALF" }));
  assertEquals([row.progress, row.stage, row.started_at], [40, "HALF", at(2)]);
  assertEquals(afterEvent(row, event(2, "PENDING")), row);
  const failed = afterEvent(row, event(4, "FAILURE", { error: failure, runtime_ms: 7 }));
  assertEquals([failed.dead, failed.error?.message, failed.runtime_ms], [true, "busy", 7]);
  const again = afterEvent(failed, event(5, "PENDING"));
  assertEquals([again.dead, again.error, again.started_at, again.finished_at], [
    false,
    null,
    null,
    null,
  ]);
  const long = summaryOf({ ...TASK, args: ["x".repeat(1000)] });
  assertEquals([long.args_preview.length, long.args_preview.at(-1)], [200, "…"]);
});

Deno.test("new tasks come in front of the list, and further ones behind it", () => {
  const page = (ids: string, cursor: string | null = "c") =>
    listOf(ids.split(""), cursor, ids.length);
  const list = withPage(page("fed"), page("dcb", "d"));
  assertEquals(list, {
    ids: [..."fedcb"],
    cursor: "d",
    looked: 6,
    ends: [{ id: "d", cursor: "c" }, { id: "b", cursor: "d" }],
  });
  assertEquals(withHead(list, page("hgf"), 3), { ...list, ids: [..."hgfedcb"] });
  assertEquals(withHead(list, page("gfd"), 3), { ...list, ids: [..."gfdcb"] }); // e has left it
  assertEquals(withHead(list, page("zyx"), 3).ids, [..."zyx"]);
  assertEquals(withHead(list, page("z"), 3).ids, [..."zfedcb"]);
  assertEquals(withHead(list, page(""), 3), list);
  assertEquals(withHead(list, page("f", null), 3).ids, ["f"]);
  assertEquals(newIn(list, page("hgf")), ["h", "g"]);
  assertEquals(newIn(list, page("fed")), []);
  assertEquals(newIn(list, page("zyx")), ["z", "y", "x"]);

  const grown = withHead(list, page("hgf"), 3);
  assertEquals(shortened(grown, 7), grown);
  assertEquals(shortened(grown, 6), {
    ids: [..."hgfed"],
    cursor: "c",
    looked: 6,
    ends: [{ id: "d", cursor: "c" }],
  });
  assertEquals(shortened(grown, 2), grown, "never without its first page");
});
