/** What is hidden is hidden wherever it could leave, and comes back where it was not edited. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { MASK, Mask } from "../jobs/access_mask.ts";
import type { Json } from "../jobs/wire.ts";
import { Secured } from "./access_kit.ts";
import { problem, TestApp } from "./routes_app.ts";
import { serve, TestSocket } from "./routes_socket.ts";
import { startSqlite, STORES } from "./stores.ts";
import { until } from "./until.ts";

const SECRET = "hunter-2";
const mask = new Mask(["password", "*_token", "x.y"]);

Deno.test("fields are hidden by their names, whatever they hold, however deep", () => {
  const cases: [Json, Json][] = [
    [{ password: "x", a: 1 }, { password: MASK, a: 1 }],
    [{ PassWord: null, passwords: "x" }, { PassWord: MASK, passwords: "x" }],
    [[{ b: [{ my_token: { c: 1 }, token: 2 }] }], [{ b: [{ my_token: MASK, token: 2 }] }]],
    [{ "x.y": 1, xzy: 2 }, { "x.y": MASK, xzy: 2 }],
    ["password", "password"],
    [null, null],
    [
      JSON.parse('{"__proto__":{"password":1}}'),
      JSON.parse(`{"__proto__":{"password":"${MASK}"}}`),
    ],
  ];
  for (const [value, shown] of cases) {
    assertEquals(mask.value(value), shown);
    assertEquals(JSON.parse(mask.text(JSON.stringify(value))), shown);
  }
  // In a pattern, no character but * stands for others.
  for (
    const name of ["api-key", "a b", "clé", "@id", "a$b", "(a|b)", "[a]", "a\\b", '"', "/a+?^{2}"]
  ) {
    const one = new Mask([name]);
    assertEquals(one.value({ [name]: 1, other: 2 }), { [name]: MASK, other: 2 }, name);
  }
  const all = new Mask(["*"]);
  assertEquals(all.value({ a: { b: 1 } }), { a: MASK });
  let deep: Json = { password: SECRET };
  for (let i = 0; i < 5000; i++) deep = [deep];
  assert(!JSON.stringify(mask.value(deep)).includes(SECRET));
});

Deno.test("text that was cut off anywhere shows nothing that is hidden", () => {
  const name = fc.constantFrom(
    "password",
    "a",
    "api_token",
    'pass"word',
    "\\password",
    "ü",
    "PASSWORD",
  );
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<Json>(1, true, null, "x", 'a"b', "\\", "{", '","', "password"),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.array(fc.tuple(name, tie("value")), { maxLength: 3 }).map((fields) =>
        Object.fromEntries(fields)
      ),
    ),
  }));
  fc.assert(
    fc.property(value, fc.nat(300), fc.boolean(), (value, length, ellipsis) => {
      // Each hidden value is replaced by one that can be told from all others.
      const marked = plant(value);
      const whole = JSON.stringify(marked);
      assertEquals(JSON.parse(mask.text(whole)), mask.value(marked));
      const cut = whole.slice(0, length) + (ellipsis ? "…" : "");
      assert(!mask.text(cut).includes("hunt"), `${cut} → ${mask.text(cut)}`);
    }),
    { numRuns: 2000 },
  );
});

function plant(value: Json, hidden = false): Json {
  if (Array.isArray(value)) return value.map((item) => plant(item, hidden));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map((
        [name, field],
      ) => [name, plant(field, hidden || mask.hides(name))]),
    );
  }
  return hidden ? `${SECRET}"\\` : value;
}

Deno.test("what comes back with the mask in it gets its value back, what was edited does not", () => {
  const original = { password: SECRET, list: [{ my_token: 1 }, { my_token: 2 }], a: 1 };
  assertEquals(mask.restore(mask.value(original), original), original);
  const edited = { password: "new", list: [{ my_token: MASK }, { my_token: 3 }], a: 2 };
  assertEquals(mask.restore(edited, original), {
    password: "new",
    list: [{ my_token: 1 }, { my_token: 3 }],
    a: 2,
  });
  // No other field takes it over, and where there was none it stays what it is.
  assertEquals(mask.restore({ a: MASK, other: { password: MASK } }, original), {
    a: MASK,
    other: { password: MASK },
  });
  let deep: Json = 1;
  for (let i = 0; i < 200_000; i++) deep = [deep];
  assertEquals(JSON.stringify(mask.restore(mask.value(deep), deep)), JSON.stringify(deep));
  mask.restore(deep, null);
});

for (const [kind, start] of Object.entries(STORES)) {
  Deno.test(`${kind}: no answer, socket or stream shows what is hidden`, async () => {
    const access = { mask: new Mask(["password"]) };
    await using t = TestApp.on(await start(), { access });
    await using server = serve(t);
    const { port } = server.addr;
    await using socket = await TestSocket.openAt(port, "/ws");
    // Stored as a task could have, for no sample task has such fields.
    const id = crypto.randomUUID();
    const raw = JSON.stringify({ password: SECRET, shown: "seen" });
    await t.broker.enqueue([{
      id,
      name: "divide",
      args: raw,
      queue: "default",
      priority: "normal",
      maxRetries: 0,
      timeLimit: null,
      softTimeLimit: null,
    }]);
    const claimed = await t.claim();
    const report = { id, token: claimed.token, progress: { percent: 5, stage: null, meta: raw } };
    assertEquals(await t.broker.report("tester", [report]), [true]);
    await using one = await TestSocket.openAt(port, `/ws/task/${id}`);
    const stream = await fetch(`http://127.0.0.1:${port}/tasks/${id}/events`, {
      headers: { accept: "text/event-stream" },
    });
    await one.first("snapshot");
    await t.settle(claimed, { state: "SUCCESS", result: raw });
    const hook = { url: "http://127.0.0.1", body: { password: SECRET } };
    const schedule = { name: "nightly", task: "webhook", args: hook, every: 60 };
    const made = await t.post("/schedules", schedule);
    assertEquals(made.status, 201);
    socket.send({ topics: ["counts", "queues", "workers", "schedules", "dead"] });
    const topic = async () => {
      await until(() => socket.topic("schedules").length > 0);
      return JSON.stringify(socket.messages);
    };
    const paths = [
      `/tasks/${id}`,
      `/tasks/${id}/events`,
      `/process/${id}`,
      "/tasks",
      "/tasks?view=summary",
      "/tasks?state=SUCCESS&view=full",
      "/dead",
      "/dead/groups",
      "/schedules",
      "/schedules/nightly",
      "/schedules/nightly/runs",
    ];
    const answers = [await made.text(), await stream.text(), await topic()];
    for (const path of paths) answers.push(await (await t.get(path)).text());
    answers.push(JSON.stringify(one.messages));
    for (const change of ["pause", "resume"]) {
      answers.push(await (await t.post(`/schedules/nightly/${change}`)).text());
    }
    answers.push(await (await t.patch("/schedules/nightly", { every: 30 })).text());
    for (const [i, answer] of answers.entries()) {
      assert(!answer.includes(SECRET), `${i}: ${answer}`);
    }
    for (const i of [3, 4, 5, 6, 7, 8]) assertStringIncludes(answers[i] ?? "", MASK, paths[i - 3]);
    // Shown is what has another name.
    assertStringIncludes(answers[3] ?? "", "seen");
    // The store has it all.
    const [stored] = (await t.broker.list({ limit: 1 })).tasks;
    assertEquals(stored?.result, JSON.parse(raw));
  });
}

Deno.test("who runs a task again, or changes a schedule, leaves what is hidden as it was", async () => {
  await using t = TestApp.on(await startSqlite(), { access: { mask: new Mask(["password"]) } });
  const url = "http://127.0.0.1";
  const args = { url, body: { password: SECRET, a: 1 }, timeout: 5 };
  const task_id = await t.post("/tasks", { name: "webhook", args })
    .then((response) => response.json()).then(({ task_id }) => task_id);
  await t.fail("no answer", "default");
  const shown = await (await t.get(`/tasks/${task_id}`)).json();
  assertEquals(shown.args, { ...args, body: { password: MASK, a: 1 } });
  const edited = { ...shown.args, body: { ...shown.args.body, a: 2 } };
  assertEquals((await t.post(`/tasks/${task_id}/retry`, { args: edited })).status, 202);
  assertEquals((await t.broker.get(task_id))?.args, { ...args, body: { password: SECRET, a: 2 } });

  const made = { name: "s", task: "webhook", args, every: 60 };
  assertEquals((await t.post("/schedules", made)).status, 201);
  const schedule = await (await t.get("/schedules/s")).json();
  assertEquals(schedule.args.body, { password: MASK, a: 1 });
  assertEquals((await t.patch("/schedules/s", { args: schedule.args, every: 30 })).status, 200);
  const [{ body } = { body: "" }] = await t.broker.schedules.list("", 9);
  assertEquals(JSON.parse(body).args, args);
});

Deno.test("a viewer cannot find out by searching what is hidden", async () => {
  await using secured = await Secured.start({ mask: new Mask(["password"]) });
  for (const path of ["/tasks?args=h", "/tasks?view=summary&text=h", "/dead?result=h"]) {
    const { detail } = await problem(
      await secured.request("GET", path, secured.bearer("viewer")),
      403,
    );
    assertStringIncludes(detail, "needs the role operator here: some values are hidden");
    assertEquals(
      (await secured.request("GET", path, secured.bearer("operator"))).status,
      200,
      path,
    );
  }
  assertEquals(
    (await secured.request("GET", "/tasks?name=x", secured.bearer("viewer"))).status,
    200,
  );
});
