import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { whenIdle } from "../lib/idle_memory.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { until } from "./until.ts";

Deno.test("an idle process is told of once, and again when it has been busy", async () => {
  let told = 0;
  const work = () => {
    for (const start = performance.now(); performance.now() - start < 50;);
  };
  const duty = whenIdle(() => {
    told++;
    work(); // which is no reason to tell again
  });
  const busy = async () => {
    work();
    await duty.run();
  };
  const idle = async () => {
    await sleep(200);
    await duty.run();
  };
  await busy();
  assertEquals(told, 0);
  for (const times of [1, 2]) {
    await until(() => idle().then(() => told === times));
    for (let i = 0; i < 3; i++) await idle();
    assertEquals(told, times);
    await busy();
  }
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
