import { assertEquals, assertStringIncludes } from "@std/assert";
import type { WorkerInfo } from "../jobs/wire.ts";
import { beat, only } from "./broker_kit.ts";
import { problem, TestApp } from "./routes_app.ts";
import { STORES } from "./stores.ts";

function onEachStore(name: string, test: (t: TestApp) => Promise<void>): void {
  for (const [kind, start] of Object.entries(STORES)) {
    Deno.test(`${kind}: ${name}`, async () => {
      await using t = TestApp.on(await start());
      await test(t);
    });
  }
}

onEachStore("GET /workers tells all that workers say of themselves", async (t) => {
  assertEquals(await (await t.get("/workers")).json(), { workers: [] });
  await t.broker.heartbeat(beat("w@here-1"));
  const { workers } = await (await t.get("/workers")).json();
  const { heartbeat_at: _, ...worker } = only<WorkerInfo>(workers);
  assertEquals(worker, { ...beat("w@here-1"), started_at: worker.started_at, active: 0 });
  const one = await (await t.get("/workers/w@here-1")).json();
  assertEquals([one.name, one.running[0].slot], ["w@here-1", "1"]);
  const unknown = await problem(await t.get("/workers/w"), 404);
  assertEquals([unknown.known], [["w@here-1"]]);
});

onEachStore("POST /workers/{name}/{command} tells a worker, and says under which id", async (t) => {
  await t.broker.heartbeat(beat("w"));
  const bodies = {
    quiet: undefined,
    resume: {},
    "restart-pool": undefined,
    grow: { n: 2 },
    shrink: { n: 3 },
    autoscale: { min: 2, max: 9 },
    "add-queue": { queue: "a.b:c" },
    "remove-queue": { queue: "other" },
    shutdown: {},
  };
  const sent = [];
  for (const [command, body] of Object.entries(bodies)) {
    const response = await t.post(`/workers/w/${command}`, body);
    assertEquals(response.status, 202, command);
    const { worker, command_id } = await response.json();
    assertEquals(worker, "w");
    sent.push({ command, ...body, id: command_id });
  }
  assertEquals(await t.broker.commands.take("w"), sent);
});

onEachStore("a command that makes no sense is refused with what would", async (t) => {
  await t.broker.heartbeat({ ...beat("w"), min_concurrency: 1, max_concurrency: 2 });
  await t.broker.heartbeat({ ...beat("one"), queues: ["default"], pool: "async" });
  await t.broker.heartbeat({ ...beat("gone"), mode: "stopping" });
  const conflicts = {
    "w/shrink": [{ n: 2 }, "one must be left: quiet has it take none"],
    "w/grow": [{ n: 9999 }, "at most 10000 are allowed"],
    "w/remove-queue": [{ queue: "elsewhere" }, "w: it takes from default, other only"],
    "one/remove-queue": [{ queue: "default" }, "it is its only queue"],
    "one/restart-pool": [{}, "its pool is async"],
    "gone/quiet": [{}, "gone: it is stopping"],
  } as const;
  for (const [path, [body, detail]] of Object.entries(conflicts)) {
    const refused = await problem(await t.post(`/workers/${path}`, body), 409);
    assertStringIncludes(refused.detail, detail);
  }
  const wrong = {
    grow: [{}, { n: 0 }, { n: "2" }, { n: 1.5 }, { n: 10_001 }, { n: 1, m: 1 }],
    autoscale: [{ min: 3, max: 2 }, { max: 2 }, { min: 0, max: 1 }],
    "add-queue": [{}, { queue: "a b" }, { queue: 1 }],
    quiet: [{ n: 1 }, []],
    dance: [{}],
  };
  for (const [command, bodies] of Object.entries(wrong)) {
    for (const body of bodies) {
      const { errors } = await problem(await t.post(`/workers/w/${command}`, body), 422);
      assertEquals(errors.length > 0, true);
    }
  }
  const { errors } = await problem(await t.post("/workers/w/grow", { n: 0 }), 422);
  assertEquals(errors, [{ path: "n", message: "must be a whole number from 1 to 10000" }]);
  await problem(await t.post("/workers/nobody/quiet"), 404);
  for (const name of ["w", "one", "gone"]) {
    assertEquals(await t.broker.commands.take(name), []);
  }
});
