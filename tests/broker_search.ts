/** What every broker must do about looking for tasks: summaries, filters, cursors, walks. */

import { assert, assertEquals, assertExists, assertRejects } from "@std/assert";
import {
  type Broker,
  InvalidCursorError,
  type NewTask,
  type TaskFilter,
  type Walk,
} from "../jobs/broker.ts";
import { bulkStep } from "../jobs/bulk.ts";
import { STATES, type Task } from "../jobs/wire.ts";
import {
  type Case,
  claimOne,
  failure,
  firstTasks,
  ids,
  newTask,
  newTasks,
  only,
  settle,
  status,
  success,
} from "./broker_kit.ts";

/** The ids of all pages. */
async function allPages(broker: Broker, filter: TaskFilter, limit = 500): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await broker.summarize({ ...filter, limit, cursor });
    assert(page.tasks.length <= limit && page.looked <= 6000, `${page.looked} looked at`);
    found.push(...page.tasks.map((task) => task.task_id));
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

async function allSteps(broker: Broker, filter: TaskFilter, kind: Walk): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const step = await broker.walk({ ...filter, limit: 3, cursor }, kind);
    found.push(...step.ids);
    cursor = step.cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

/** Tasks of each kind that there is, among them some with odd texts. */
async function someTasks(broker: Broker): Promise<void> {
  const texts = ['say "no"', "línea\nnext", "日本語", "PLAIN", "back\\slash", "😀"];
  for (let i = 0; i < 24; i++) {
    const args = JSON.stringify([texts[i % texts.length], i]);
    const queue = i % 3 === 0 ? "other" : "default";
    await broker.enqueue([newTask({
      name: i % 2 === 0 ? "even" : "odd",
      args,
      queue,
      ...(i >= 21 && { eta: { inMs: 60_000 } }),
      ...(i === 20 && { concurrency: { key: "k", limit: 1 } }),
    })]);
  }
  for (let i = 0; i < 14; i++) {
    const worker = i % 2 === 0 ? "w" : "v";
    const claimed = only(await broker.claim(worker, [i % 3 === 0 ? "other" : "default"], 1));
    const error = { type: "TimeoutError", message: `no "${texts[i % 6]}" ${i}`, stack: "slash" };
    const delayed = { state: "RETRY", error, delayMs: 60_000 } as const;
    if (i < 4) {
      await settle(broker, claimed, { state: "SUCCESS", result: `{"is":"${i}é"}` }, worker);
    } else if (i < 8) {
      await settle(broker, claimed, { state: "FAILURE", error }, worker);
    } else if (i < 9) {
      await settle(broker, claimed, delayed, worker);
    } else if (i < 11) {
      await broker.revoke(claimed.id);
    } else if (i < 12) {
      const report = { ...claimed, progress: { percent: 5, stage: null, meta: null } };
      await broker.report(worker, [report]);
    }
  }
}

/** What the fields of a filter say, on a whole task. */
function fits(task: Task, filter: TaskFilter): boolean {
  const { state, id = "", since = 0, until = Infinity, dead = false } = filter;
  const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const has = (value: string | undefined, part: string) =>
    value !== undefined && lower(value).includes(lower(part));
  const hasJson = (value: unknown, part: string) =>
    value !== null && (has(JSON.stringify(value), part) ||
      has(JSON.stringify(value), JSON.stringify(part).slice(1, -1)));
  const hasError = (part: string) => has(task.error?.type, part) || has(task.error?.message, part);
  const created = Date.parse(task.created_at);
  const { args, result, error, text } = filter;
  return (state === undefined || [state].flat().includes(task.status)) &&
    (["name", "queue", "worker", "schedule"] as const).every((field) =>
      filter[field] === undefined || task[field] === filter[field]
    ) &&
    task.task_id.startsWith(id) && created >= since && created <= until &&
    (!dead || task.dead) &&
    (args === undefined || hasJson(task.args, args)) &&
    (result === undefined || hasJson(task.result, result)) &&
    (error === undefined || hasError(error)) &&
    (text === undefined || has(task.task_id, text) || has(task.name, text) ||
      hasJson(task.args, text) || hasJson(task.result, text) || hasError(text));
}

export const searchCases: Record<string, Case> = {
  "a summary has the beginning of what may be long, in whole characters": async (connect) => {
    const broker = connect();
    const long = "😀ü日x".repeat(40_000);
    const short = newTask({ args: '["s"]' });
    const tasks = [short, newTask({ args: JSON.stringify(long) }), newTask()];
    await broker.enqueue(tasks);
    await settle(broker, await claimOne(broker), { state: "SUCCESS", result: "null" });
    const result = JSON.stringify({ long });
    await settle(broker, await claimOne(broker), { state: "SUCCESS", result });
    const claimed = await claimOne(broker);
    await broker.report("w", [{
      ...claimed,
      progress: { percent: 5, stage: "a stage", meta: '{"m":1}' },
    }]);
    const error = { type: "Error", message: long, stack: long };
    await settle(broker, claimed, { state: "FAILURE", error });
    const { tasks: [third, second, first], cursor, looked } = await broker.summarize({ limit: 9 });
    assertEquals([cursor, looked], [null, 3]);
    assertExists(first);
    assertExists(second);
    assertExists(third);
    assertEquals([first.args_preview, first.result_preview, first.error], ['["s"]', "null", null]);
    // The last of them is a character of two halves.
    const cut = (text: string, at: number) => `${text.slice(0, at)}…`;
    assertEquals(second.args_preview, cut(JSON.stringify(long), 199));
    assertEquals(second.result_preview, cut(result, 199));
    assertEquals(third.error, { type: "Error", message: cut(long, 199) });
    const odd = `xx${"😀".repeat(200)}`;
    const split = newTask({ args: `"${odd}"` });
    await broker.enqueue([split]);
    const summary = only((await broker.summarize({ id: split.id, limit: 1 })).tasks);
    assertEquals(summary.args_preview, `"${odd.slice(0, 198)}…`);
    assert(summary.args_preview.isWellFormed());
    const { args_preview: _, result_preview: __, error: ___, ...rest } = third;
    const { args: ____, result: _____, meta: ______, error: _______, ...whole } = await broker.get(
      claimed.id,
    ) as Task;
    assertEquals(rest, whole);
  },

  "a filter finds what fits all of it, and nothing else": async (connect) => {
    const broker = connect();
    await someTasks(broker);
    const tasks = await firstTasks(broker, { limit: 500 });
    assertEquals(tasks.length, 24);
    const created = tasks.map((task) => Date.parse(task.created_at)).sort();
    const [someId = ""] = tasks.map((task) => task.task_id);
    const fields: { [K in keyof TaskFilter]: TaskFilter[K][] } = {
      state: [...STATES, ["SUCCESS", "FAILURE"], ["PENDING", "STARTED", "REVOKED"], [...STATES]],
      name: ["even", "none"],
      queue: ["other", "default"],
      worker: ["w", "nobody"],
      schedule: ["s"],
      id: [
        someId,
        someId.slice(0, 1),
        someId.slice(0, 5),
        "%",
        "no such id at all, and that a long one",
      ],
      args: ["plain", 'say "no"', "línea\n", "日本", "back\\", "😀", "%", "1"],
      result: ["É", "é", "is"],
      error: ["timeout", 'NO "', "slash", "日"],
      text: ["EVEN", "timeouterror", "日", someId.slice(9, 13), "3é"],
      since: [created[5] ?? 0, Date.now() + 1000],
      until: [created[15] ?? 0, 0],
      dead: [true],
    };
    const filters: TaskFilter[] = Object.entries(fields).flatMap(([field, values]) =>
      values.map((value) => ({ [field]: value }))
    );
    const alone = filters.length;
    for (let i = 0; i < alone; i++) {
      for (const step of [7, 13, 24]) {
        filters.push({ ...filters[i], ...filters[(i + step) % alone] });
      }
    }
    let matched = 0;
    for (const filter of filters) {
      const expected = tasks.filter((task) => fits(task, filter)).map((task) => task.task_id);
      const what = JSON.stringify(filter);
      assertEquals((await allPages(broker, filter, 4)).toSorted(), expected.toSorted(), what);
      assertEquals((await allSteps(broker, filter, "stay")).toSorted(), expected.toSorted(), what);
      matched += expected.length;
    }
    assert(matched > 200, `only ${matched} were found`);
  },

  "tasks that have ended in several states are listed in the order of their ends": async (
    connect,
  ) => {
    const broker = connect();
    await broker.enqueue(newTasks(9));
    const ended: string[] = [];
    for (let i = 0; i < 9; i++) {
      const claimed = await claimOne(broker);
      await new Promise((done) => setTimeout(done, 2));
      if (i % 3 === 2) await broker.revoke(claimed.id);
      else await settle(broker, claimed, i % 3 === 0 ? success : failure);
      ended.unshift(claimed.id);
    }
    assertEquals(await allPages(broker, { state: ["FAILURE", "SUCCESS", "REVOKED"] }, 2), ended);
    const two = ended.filter((_, i) => i % 3 !== 0);
    assertEquals(await allPages(broker, { state: ["SUCCESS", "FAILURE"] }, 2), two);
  },

  "a whole id is found wherever its task is, its beginning among those of its states": async (
    connect,
  ) => {
    const broker = connect();
    const task = newTask();
    await broker.enqueue([task]);
    await broker.enqueue(newTasks(10_001));
    assertEquals(await allPages(broker, { id: task.id }), [task.id]);
    assertEquals(await allPages(broker, { id: task.id, state: "PENDING" }), [task.id]);
    assertEquals(await allPages(broker, { id: task.id.slice(0, 12), state: "PENDING" }), [task.id]);
    assertEquals(await allPages(broker, { id: task.id, state: "FAILURE" }), []);
    assertEquals(await allPages(broker, { id: `${task.id}0` }), []);
  },

  "one request looks at some thousand tasks only, and the next goes on": async (connect) => {
    const broker = connect();
    const wanted = newTask({ name: "wanted" });
    await broker.enqueue([wanted, ...newTasks(7000, { args: '["some text"]' })]);
    for (const filter of [{ name: "wanted" }, { state: "PENDING", args: "1,2" }] as TaskFilter[]) {
      const first = await broker.list({ ...filter, limit: 5 });
      assertEquals(first.tasks, []);
      assert(first.looked > 0 && first.looked <= 5500, `${first.looked} looked at`);
      assertExists(first.cursor);
      assertEquals(await allPages(broker, filter), [wanted.id]);
    }
  },

  "the next page goes on where tasks of the last have left, and misses none that stayed": async (
    connect,
  ) => {
    const broker = connect();
    const tasks = newTasks(30);
    await broker.enqueue(tasks);
    const newestFirst = ids(tasks).reverse();
    const page = async (filter: TaskFilter, cursor?: string | null) => {
      const found = await broker.summarize({ ...filter, limit: 10, cursor: cursor ?? undefined });
      return { cursor: found.cursor, ids: found.tasks.map((task) => task.task_id) };
    };
    const waiting = await page({ state: "PENDING" });
    assertEquals(waiting.ids, newestFirst.slice(0, 10));
    for (const id of newestFirst.slice(6, 10)) await broker.revoke(id);
    await broker.enqueue(newTasks(7));
    const started = ids(await broker.claim("w", ["default"], 8));
    const next = await page({ state: "PENDING" }, waiting.cursor);
    const stayed = newestFirst.slice(10).filter((id) => !started.includes(id));
    // Those that are seen twice are better than those that are missed: tasks of one ms have no order.
    assert(stayed.slice(0, 5).every((id) => next.ids.includes(id)) || next.ids.length === 10);
    assertEquals(
      stayed.filter((id) => !next.ids.includes(id)),
      (await page({ state: "PENDING" }, next.cursor)).ids.filter((id) => stayed.includes(id)),
    );

    // They fail one after the other; what was seen is run again before the next page.
    for (const id of started) {
      await broker.settle("w", [{ id, token: 1, outcome: failure }]);
      await new Promise((done) => setTimeout(done, 2));
    }
    const failed = started.toReversed();
    const dead = await broker.summarize({ dead: true, limit: 3 });
    assertEquals(dead.tasks.map((task) => task.task_id), failed.slice(0, 3));
    for (const id of failed.slice(0, 3)) await broker.retry(id);
    const rest = await broker.summarize({ dead: true, limit: 9, cursor: dead.cursor ?? undefined });
    assertEquals(rest.tasks.map((task) => task.task_id), failed.slice(3));
  },

  "a cursor is of the kind of list that it was made for": async (connect) => {
    const broker = connect();
    await broker.enqueue(newTasks(9));
    const listed = await broker.list({ limit: 1 });
    const walked = await broker.walk({ state: "PENDING", limit: 1 }, "leave");
    const [ofList, ofWalk] = [listed.cursor ?? "", walked.cursor ?? ""];
    await assertRejects(
      () => broker.walk({ limit: 1, cursor: ofList }, "leave"),
      InvalidCursorError,
    );
    await assertRejects(() => broker.list({ limit: 1, cursor: ofWalk }), InvalidCursorError);
    await assertRejects(
      () => broker.walk({ limit: 1, cursor: ofWalk }, "stay"),
      InvalidCursorError,
    );
    for (const text of ["", "bnVsbA", "e30", "W10", "MQ", "eyJraW5kIjoibGlzdCIsImF0Ijoie30ifQ"]) {
      await assertRejects(() => broker.list({ limit: 1, cursor: text }), InvalidCursorError);
    }
  },

  "a walk is of what was there when it began, however its tasks move": async (connect) => {
    const broker = connect();
    const tasks = newTasks(40);
    await broker.enqueue(tasks);
    const delayed = newTask({ eta: { inMs: 60_000 } });
    await broker.enqueue([delayed]);
    const filter = { state: ["PENDING", "STARTED", "PROGRESS", "RETRY"] } satisfies TaskFilter;
    const seen = new Set<string>();
    let cursor: string | undefined;
    do {
      const step = await broker.walk({ ...filter, limit: 3, cursor }, "leave");
      for (const id of step.ids) {
        assert(!seen.has(id), "met twice");
        seen.add(id);
        assertEquals((await broker.revoke(id))?.done, true);
      }
      cursor = step.cursor ?? undefined;
      await broker.enqueue([newTask(), newTask({ eta: { inMs: 60_000 } })]);
      await broker.claim("w", ["default"], 1);
    } while (cursor !== undefined);
    assertEquals([...seen].toSorted(), [...ids(tasks), delayed.id].toSorted());
  },

  "thousands are cancelled while others come in and run, and none of these is touched": async (
    connect,
  ) => {
    const broker = connect();
    const doomed = [
      ...newTasks(1500, { name: "doomed" }),
      ...newTasks(300, { name: "doomed", queue: "other", eta: { inMs: 60_000 } }),
      ...newTasks(300, { name: "doomed", concurrency: { key: "k", limit: 1 }, priority: "high" }),
    ];
    const mixed = doomed.flatMap((task, i) => i % 2 ? [task] : [task, newTask({ name: "spared" })]);
    await broker.enqueue(mixed);
    await broker.claim("w", ["default"], 20);
    const later: NewTask[] = [];
    const isOver = new AbortController();
    const others = (async () => {
      while (!isOver.signal.aborted) {
        const more = newTasks(5, { name: "doomed" });
        await broker.enqueue(more);
        later.push(...more);
        for (const { id, token } of await broker.claim("w", ["default"], 3)) {
          const delayMs = id.charCodeAt(0) % 2 === 0 ? 60_000 : 0;
          const outcome = { ...failure, state: "RETRY", delayMs } as const;
          await broker.settle("w", [{ id, token, outcome }]);
        }
        await broker.promote();
      }
    })();
    // What was accepted while the first step was on its way may be of it or not.
    const filter = { name: "doomed" };
    let step = await bulkStep(broker, "cancel", { filter }, false);
    const firstLater = later.length + 5;
    let done = step.done;
    while (step.cursor) {
      step = await bulkStep(broker, "cancel", { filter, cursor: step.cursor }, false);
      done += step.done;
    }
    isOver.abort();
    await others;
    for (const { id } of doomed) {
      assert(["REVOKED"].includes(await status(broker, id) ?? ""), `${await status(broker, id)}`);
    }
    assert(done >= doomed.length && done <= doomed.length + firstLater, `${done} done`);
    const touched = await Promise.all(later.slice(firstLater).map(({ id }) => status(broker, id)));
    assert(later.length > firstLater, "nothing came in meanwhile");
    assertEquals(touched.filter((state) => state === "REVOKED"), []);
    for (const { id } of mixed.filter(({ name }) => name === "spared").slice(0, 100)) {
      assert(await status(broker, id) !== "REVOKED");
    }
  },

  "tasks are found in some of very many queues": async (connect) => {
    const broker = connect();
    const tasks = Array.from({ length: 700 }, (_, i) => newTask({ queue: `queue${i}` }));
    await broker.enqueue(tasks);
    const left = [3, 350, 351, 698].map((i) => tasks[i]?.id ?? "").toSorted();
    await Promise.all(ids(tasks).filter((id) => !left.includes(id)).map((id) => broker.revoke(id)));
    const filter = { state: "PENDING" } as const;
    assertEquals((await allPages(broker, filter, 2)).toSorted(), left);
    assertEquals((await allSteps(broker, filter, "stay")).toSorted(), left);
    const cancelled = new Set<string>();
    let cursor: string | undefined;
    do {
      const step = await broker.walk({ ...filter, limit: 3, cursor }, "leave");
      await Promise.all(step.ids.map((id) => broker.revoke(id)));
      for (const id of step.ids) cancelled.add(id);
      cursor = step.cursor ?? undefined;
    } while (cursor !== undefined);
    assertEquals([...cancelled].toSorted(), left);
  },

  "a task that waits knows how many are before it": async (connect) => {
    const broker = connect();
    const [first, second, delayed, low, high, laned] = [
      newTask(),
      newTask(),
      newTask({ eta: { inMs: 60_000 } }),
      newTask({ priority: "low" }),
      newTask({ priority: "high" }),
      newTask({ concurrency: { key: "k", limit: 1 } }),
    ];
    await broker.enqueue([first, second, delayed, low, high, laned]);
    const positions = () =>
      Promise.all([first, second, delayed, low, high, laned].map(({ id }) => broker.position(id)));
    assertEquals(await positions(), [1, 2, null, 3, 0, null]);
    await broker.revoke(high.id);
    await broker.revoke(laned.id);
    assertEquals((await claimOne(broker)).id, first.id);
    assertEquals(await positions(), [null, 0, null, 1, null, null]);
    assertEquals(await broker.position("nobody"), null);
  },

  "tasks in the middle of a long queue are revoked, run again, forgotten, and never start by mistake":
    async (connect) => {
      const broker = connect();
      const tasks = newTasks(3000);
      await broker.enqueue(tasks);
      const revoked = ids(tasks.slice(1400, 1500));
      for (const id of revoked) assertEquals((await broker.revoke(id))?.done, true);
      const waiting = async () => only(await broker.queues()).waiting;
      assertEquals(await waiting(), 2900);
      const [again = "", gone = "", ...rest] = revoked;
      assertEquals(await broker.retry(again), { done: true, status: "PENDING" });
      assertEquals(await broker.forget(gone), { done: true, status: "REVOKED" });
      await broker.enqueue([newTask({ id: gone, eta: { inMs: 60_000 } })]);
      assertEquals(await waiting(), 2901);
      const started: string[] = [];
      while (true) {
        const claimed = await broker.claim("w", ["default"], 500);
        started.push(...ids(claimed));
        if (claimed.length === 0) break;
      }
      const expected = ids(tasks).filter((id) => id !== gone && !rest.includes(id) && id !== again);
      // It is where it was, or at the end.
      assertEquals(started.filter((id) => id !== again), expected);
      assertEquals(started.length, expected.length + 1);
      assertEquals(await waiting(), 0);
      await broker.enqueue(newTasks(1));
      assertEquals(await waiting(), 1);
    },

  "an id that comes again while it is still in a long list starts once, and in its time": async (
    connect,
  ) => {
    const broker = connect({ resultExpires: 0, deadExpires: 0 });
    const tasks = newTasks(3000);
    await broker.enqueue(tasks);
    const counted = async () => {
      const { waiting, scheduled, active } = only(await broker.queues());
      return [waiting, scheduled, active];
    };
    const gone = ids(tasks.slice(1400, 1500));
    for (const id of gone) assertEquals((await broker.revoke(id))?.done, true);
    const early = gone.slice(0, 50).map((id) => newTask({ id, eta: { inMs: 60_000 } }));
    const again = gone.slice(50, 60).map((id) => newTask({ id }));
    await broker.enqueue([...early, ...again]);
    assertEquals(await counted(), [2910, 50, 0]);
    const started = new Set<string>();
    for (let claimed = await broker.claim("w", ["default"], 500); claimed.length > 0;) {
      for (const { id } of claimed) {
        assert(!started.has(id) && !early.some((task) => task.id === id), id);
        started.add(id);
      }
      claimed = await broker.claim("w", ["default"], 500);
    }
    assertEquals([started.size, ...await counted()], [2910, 0, 50, 2910]);
    for (const { id } of early) assertEquals((await broker.revoke(id))?.done, true);
    assertEquals(await counted(), [0, 0, 2910]);
  },

  "thousands are retried once, also those that fail again at once, and deleted": async (
    connect,
  ) => {
    const broker = connect();
    const tasks = newTasks(1200);
    await broker.enqueue(tasks);
    const failAll = async () => {
      const claimed = await broker.claim("w", ["default"], 2000);
      await broker.settle("w", claimed.map(({ id, token }) => ({ id, token, outcome: failure })));
    };
    await failAll();
    let preview = await bulkStep(broker, "retry", { filter: { dead: true } }, true);
    let wouldBe = preview.done;
    while (preview.cursor) {
      const selection = { filter: { dead: true }, cursor: preview.cursor };
      preview = await bulkStep(broker, "retry", selection, true);
      wouldBe += preview.done;
    }
    assertEquals(wouldBe, 1200);
    const run = async (action: "retry" | "delete", filter: TaskFilter) => {
      let done = 0;
      let cursor: string | undefined;
      do {
        const step = await bulkStep(broker, action, { filter, cursor }, false);
        assertEquals(step.done + step.skipped, step.matched);
        done += step.done;
        cursor = step.cursor ?? undefined;
        await failAll();
      } while (cursor !== undefined);
      return done;
    };
    assertEquals(await run("retry", { dead: true }), 1200);
    assertEquals((await broker.get(tasks[0]?.id ?? ""))?.attempt, 2);
    const [first, second] = tasks;
    assertExists(first);
    assertExists(second);
    const some = { ids: [first.id, second.id, first.id, "nobody"] };
    assertEquals(await bulkStep(broker, "delete", some, false), {
      matched: 3,
      done: 2,
      skipped: 1,
      looked: 3,
      cursor: null,
    });
    assertEquals(await run("delete", { state: ["FAILURE", "PENDING"] }), 1198);
    assertEquals(await allPages(broker, {}), []);
  },
};
