import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { apart } from "./apart.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { until } from "./until.ts";

Deno.test("an idle process is told of once, and again when it has been busy", async () => {
  assertEquals(await apart("idle.ts"), "told 0 times\ntold 1 times\ntold 2 times\n");
});

Deno.test({
  name: "an idle worker and its threads give back the memory that their start took",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using redis = await TestRedis.start();
    await using worker = Program.start(["work", "-c", "4"], { TASKAPP_BROKER: redis.url });
    const givenBack = async () => {
      const status = await readFile(`/proc/${worker.pid}/status`, "utf8");
      const kib = (name: string) =>
        Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
      return kib("VmHWM") - kib("VmRSS");
    };
    await until(async () => await givenBack() > 24 * 1024);
  },
});
