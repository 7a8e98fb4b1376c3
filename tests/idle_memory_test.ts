import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { until } from "./until.ts";

Deno.test("an idle process is told of once, and again when it has been busy", async () => {
  // A process of its own, because this one may be busy with other tests.
  const program = fileURLToPath(new URL("./fixtures/idle.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", program],
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([code, out], [0, "told 0 times\ntold 1 times\ntold 2 times\n"], err);
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
